"""Roots and pieces of functions, many at a time."""
