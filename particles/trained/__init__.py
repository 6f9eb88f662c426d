"""Trained transformers: load one, and see its tokens move as the papers' do, with controls beside it."""

from particles.trained.loading import load
from particles.trained.model import Model
from particles.trained.settings import Settings
from particles.trained.trace import Trace

__all__ = ["Model", "Settings", "Trace", "load"]
