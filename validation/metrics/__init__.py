"""Distances between measures, exact where exact is possible; each with an oracle in the tests."""

from __future__ import annotations

from validation.metrics.circle import w1_circle
from validation.metrics.circle_w2 import w2_circle
from validation.metrics.sobolev import fourier_distance, sobolev

__all__ = ["fourier_distance", "sobolev", "w1_circle", "w2_circle"]
