"""Checks of B, 2305.05465: a file a section."""
