"""Measures that are sums over points: weighted points, and circles of latitude."""
