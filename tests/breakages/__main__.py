"""The command line: ``python -m breakages``."""

from __future__ import annotations

import sys

from breakages import TABLE
from breakages.engine import main

if __name__ == "__main__":
    sys.exit(main(TABLE))
