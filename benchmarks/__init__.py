"""Ours and other people's code on the same problems, in turn, to the same measured accuracy: `python -m benchmarks`."""
