"""What is asked of a law without a run."""
