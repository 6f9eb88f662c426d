"""One target, judged in this process: ``python -m breakages.judge TARGET TIER FILE`` leaves [outcome, words] in a file.

green; red: the check says FAIL, or the test asserts; accident: it broke off and so judged nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest


def of_check(id: str, tier: str) -> tuple[str, str]:
    """The verdict of a registered check, with the seed that the tests give it."""
    from validation.registry import Bench, Outcome, checks

    (check,) = [one for one in checks() if one.id == id]
    verdict = check.fn(Bench(id, 0, tier))
    return "red" if verdict.outcome is Outcome.FAIL else "green", verdict.message


class Witness:
    """A plugin of pytest that remembers how tests fell."""

    def __init__(self) -> None:
        self.asserted: list[str] = []
        self.accidents: list[str] = []

    def pytest_exception_interact(self, call: pytest.CallInfo[None]) -> None:
        """Called for every exception that pytest reports, those of collection too."""
        assert call.excinfo is not None
        lines = call.excinfo.exconly().splitlines()
        # `Failed` is pytest.raises that saw nothing, and also the timeout
        judged = call.excinfo.errisinstance((AssertionError, pytest.fail.Exception)) and "Timeout" not in lines[0]
        if judged and call.when == "call":
            self.asserted.append(lines[0])
        else:
            self.accidents.append(lines[-1])


def of_test(node: str) -> tuple[str, str]:
    """What pytest says of one node (all its cases, if it has some)."""
    witness = Witness()
    code = pytest.main(["-q", "-n0", "-p", "no:cacheprovider", "-o", "xfail_strict=true", node], plugins=[witness])
    if witness.asserted:
        return "red", witness.asserted[0]
    if code != pytest.ExitCode.OK:
        return "accident", witness.accidents[0] if witness.accidents else f"pytest ends with {code!r}"
    return "green", ""


def judged(target: str, tier: str) -> tuple[str, str]:
    """Outcome and words of a test (it has a path) or a check."""
    try:
        return of_test(target) if "::" in target else of_check(target, tier)
    except Exception as error:
        return "accident", f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    _, target, tier, file = sys.argv
    Path(file).write_text(json.dumps(judged(target, tier)), encoding="utf-8")
