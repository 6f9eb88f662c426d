"""Tools: they know no class of ours."""
