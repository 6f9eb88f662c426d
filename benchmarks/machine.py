"""Facts of the machine that a number depends on; nothing that names it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "MEANFIELD_THREADS",
)
"""Every pool that a runner might start."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's own name for itself, and whether it has AVX-512."""
    name, wide = platform.processor() or platform.machine(), False
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            wide = wide or (key.strip() == "flags" and "avx512f" in value.split())
    return f"{name}{', AVX-512' if wide else ''}"


def memory_gigabytes() -> float:
    """Of the machine; nan where the system does not tell."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return float("nan")


def load() -> float:
    """Processes that wanted a core in the last minute, on average; nan where the system does not tell."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else float("nan")


def facts() -> dict[str, Any]:
    """What stands above a table."""
    return {
        "processor": processor(),
        "cores": cores(),
        "memory [GB]": memory_gigabytes(),
        "system": f"{platform.system()} {platform.machine()}",
        "load before": load(),
    }


def environment(threads: int) -> dict[str, str]:
    """This process's environment with every pool of threads held to the same size."""
    return {**os.environ, **dict.fromkeys(THREADS, str(threads))}
