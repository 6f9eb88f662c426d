"""A run: its loop, what drives it, what is remembered of it, its files."""
