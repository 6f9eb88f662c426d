"""What every test may rely on: one thread, no screen, the same examples every time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

# Before numpy is imported: two workers with a BLAS pool each spin against one another on a small machine.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ["MPLBACKEND"] = "Agg"

import hypothesis  # noqa: E402  (after the environment is set)
import pytest  # noqa: E402

# No deadline: a wall clock says more of the machine than of the code.  Derandomized: red today is red tomorrow.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("house")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers for a folder of tests, none for named files: starting them would cost more than they save."""
    named = [argument for argument in config.args if ".py" in argument]
    return 0 if named or config.option.usepdb else 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test named by an address has another name in every worker, and the workers then run nothing."""
    odd = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if odd:
        raise pytest.UsageError(f"{odd[0]} is named by an address, which differs between workers: give its cases ids=")


@pytest.fixture(autouse=True)
def _no_figure_left_open() -> Iterator[None]:
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
