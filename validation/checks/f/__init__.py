"""Checks of findings F: a file a row."""
