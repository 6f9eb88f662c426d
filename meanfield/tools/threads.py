"""How many threads, decided once.

One pool of threads works at a time.  OpenBLAS, OpenMP (ducc0, FFTW) and numba each keep a pool whose idle threads
spin for a while before they sleep; two pools on the same cores wait for each other and run many times slower than
one thread would.  And below a certain amount of work, waking threads costs more than they save.  So every room that
could use threads asks here, passes the answer to its library, and leaves the global pools alone.

The environment variable ``MEANFIELD_THREADS`` (a positive integer) replaces the number of available cores: set it to
1 in workers of a sweep, where the parallelism is the sweep's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from meanfield.tools.alarm import look

WORK = 100_000
"""Points (or nodes) below which one thread is used."""
FFT_LENGTH = 65_536
"""Length of a Fourier transform below which one thread is used."""
VARIABLE = "MEANFIELD_THREADS"


def cores() -> int:
    """Cores this process may use: ``MEANFIELD_THREADS`` if set, else those it is allowed to run on.

    Raises
    ------
    ValueError
        If the environment variable is set, but not to a positive integer.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if text:
        if not (text.isascii() and text.isdigit()) or int(text) < 1:
            raise ValueError(
                f"the environment variable {VARIABLE} must be a positive integer; got {text!r}. "
                f"Unset it, or write {VARIABLE}=1, for example."
            )
        return int(text)
    if hasattr(os, "sched_getaffinity"):  # respects taskset and batch systems, which cpu_count does not; not on macOS
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def threads(work: int) -> int:
    """Threads for `work` points (or nodes, or independent rows): 1 below `WORK`, else all cores."""
    return 1 if work < WORK else cores()


def fft_threads(length: int) -> int:
    """Threads for Fourier transforms of total length `length`: 1 below `FFT_LENGTH`, else all cores."""
    return 1 if length < FFT_LENGTH else cores()


def parallel(one: Callable[[int], None], units: int, p: int) -> None:
    """one(0), ..., one(units - 1), each about p points of work, by as many threads as the whole is worth.

    Before each it looks up (`alarm.look`).  The transforms let go of the interpreter, and every unit is computed alone:
    the bits do not depend on the threads.
    """
    workers = min(units, threads(units * p))
    if workers <= 1:
        for unit in range(units):
            look()
            one(unit)
        return

    def some(first: int) -> None:
        for unit in range(first, units, workers):
            look()
            one(unit)

    with ThreadPoolExecutor(workers - 1) as pool:  # this thread is one of them
        others = [pool.submit(copy_context().run, some, first) for first in range(1, workers)]
        some(0)
    for other in others:
        other.result()
