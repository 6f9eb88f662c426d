"""Transport distances on spheres."""
