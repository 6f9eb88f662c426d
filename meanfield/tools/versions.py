"""Versions, for whatever is kept."""

from __future__ import annotations

import platform
import sys


def versions(*modules: str) -> dict[str, str]:
    """Versions of Python and of those of the modules that are loaded."""
    found = {name: str(getattr(sys.modules[name], "__version__", "unknown")) for name in modules if name in sys.modules}
    return {**found, "python": platform.python_version()}
