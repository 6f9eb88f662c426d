"""Transport distances on the circle."""
