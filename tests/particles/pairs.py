"""What the tests of log time share."""

from __future__ import annotations

from typing import Any

import pytest

import meanfield as mf

KINDS: dict[str, Any] = {"SA": mf.SA, "USA": mf.USA}
both = pytest.mark.parametrize("kind", KINDS)
