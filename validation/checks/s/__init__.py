"""Checks of the summary card of A."""
