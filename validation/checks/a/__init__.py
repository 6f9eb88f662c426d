"""Checks of A, 2312.10794: a file a section."""
