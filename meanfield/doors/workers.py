"""Processes for sweeps, and for whatever keeps a core busy: spawned, one thread each.

They are spawned since a fork copies locks that threads of FFTW, OpenMP or BLAS may hold, and have one thread each since
pools of threads in several processes wait for one another on the same cores.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from meanfield.tools import inputs, threads

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", threads.VARIABLE)
"""Environment variables that `workers` sets to 1 for its processes."""


@contextmanager
def workers(count: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Processes for a sweep, as advised: spawned, one thread each; ended when the block ends, or who opened it does.

    Parameters
    ----------
    count : int, optional
        How many; None is one for every core this process may use.  A script opens them under
        ``if __name__ == "__main__":``, since every spawned process imports it.

    Raises
    ------
    ValueError, TypeError
        For count < 1 or no integer.

    Examples
    --------
    >>> with mf.workers(1) as executor:
    ...     type(executor).__name__
    'ProcessPoolExecutor'
    """
    size = threads.cores() if count is None else inputs.integer("count", count, low=1)
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    # In the environment, not in an initializer: by the time that runs a worker has imported numpy and its pools.
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        with ProcessPoolExecutor(size, multiprocessing.get_context("spawn"), end_with_parent) as pool:
            yield pool
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def end_with_parent() -> None:
    """End this process when the one that began it ends: killed, that tells nobody, and its workers wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent,), daemon=True).start()


def _outlive(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
