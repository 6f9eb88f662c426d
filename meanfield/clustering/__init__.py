"""Clusters of a measure, and of a run over time."""
