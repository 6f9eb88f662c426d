"""Trained transformers: load one, and see its tokens move as the papers' do, with controls beside it."""

from particles.trained.flowing import Flow
from particles.trained.heads import Heads, Reading
from particles.trained.loading import load
from particles.trained.looped import Loop
from particles.trained.model import Model
from particles.trained.settings import Settings
from particles.trained.trace import Trace

__all__ = ["Flow", "Heads", "Loop", "Model", "Reading", "Settings", "Trace", "load"]
