"""Tokens that follow their leaders: who leads, until when, and what becomes of ties."""

from meanfield.methods.leading.branches import Branch, branches
from meanfield.methods.leading.leaders import Leaders, Switch
from meanfield.methods.leading.moment import Moment

__all__ = ["Branch", "Leaders", "Moment", "Switch", "branches"]
