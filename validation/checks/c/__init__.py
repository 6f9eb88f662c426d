"""Checks of C, 2411.04990: a file a section."""
