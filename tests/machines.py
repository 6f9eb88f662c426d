"""The tests that rounding can decide, and the quick checks, as other processors would compute them.

    python tests/machines.py                      every machine that this processor can play
    python tests/machines.py Prescott Haswell     these

A machine is a kernel of OpenBLAS (OPENBLAS_CORETYPE) or numpy without some of its instructions
(NPY_DISABLE_CPU_FEATURES); its libraries then add and multiply in another order.  What a processor cannot play it skips
and says so.  The exit code is 1 if a machine was red.  `nox -s machines` does this, and the rest: other versions, other
Pythons.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import scipy.linalg
import threadpoolctl

ROOT = Path(__file__).resolve().parents[1]
PLAIN = "as it is"
KERNELS = ("Haswell", "SkylakeX", "Zen", "Nehalem", "Sandybridge", "Prescott")
AVX512 = ("AVX512", "X86_V4")
"""How numpy's names of these instructions begin; the second since numpy 2.4."""
AVX2 = (*AVX512, "AVX2", "FMA3", "X86_V3")


def working() -> str:
    """The kernel and numpy's instructions, after work that kills Python where the processor lacks them."""
    a = np.linspace(0.0, 1.0, 90_000).reshape(300, 300)
    scipy.linalg.eigh(a @ a.T), np.linalg.svd(a), np.exp(a)
    kernels = {pool.get("architecture", "none") for pool in threadpoolctl.threadpool_info()}
    return " ".join([*sorted(kernels), *np.show_config(mode="dicts")["SIMD Extensions"]["found"]])


def machines() -> dict[str, dict[str, str]]:
    """What sets each machine, by name: nothing, a kernel, or instructions that numpy may not use."""
    has = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    without = {
        name: " ".join(feature for feature in has if feature.startswith(begins))
        for name, begins in {"without AVX512": AVX512, "without AVX2": AVX2}.items()
    }
    return {
        PLAIN: {},
        **{kernel: {"OPENBLAS_CORETYPE": kernel} for kernel in KERNELS},
        **{name: {"NPY_DISABLE_CPU_FEATURES": features} for name, features in without.items()},
    }


def seen(settings: Mapping[str, str]) -> str:
    """What is then `working`; empty if the processor cannot."""
    if "" in settings.values():  # nothing to switch off
        return ""
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r}); import machines; print(machines.working())"
    return _run(settings, "-c", code, capture=True).stdout.strip()


def _run(settings: Mapping[str, str], *words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    env = {**os.environ, **threads, **settings}
    return subprocess.run([sys.executable, *words], cwd=ROOT, env=env, capture_output=capture, text=True, check=False)


def carry_out(name: str, settings: Mapping[str, str]) -> tuple[bool, str]:
    """Whether a machine is green, and its line of the table."""
    has = seen(settings)
    if not has:
        return True, f"{name:<16} not on this processor"
    print(f"\n== {name}: {has}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "tests": _run(settings, "-m", "pytest", "-q", "-m", "rounding").returncode,
            "checks": _run(settings, "-m", "validation", "all", "--tier", "quick", "--out", folder).returncode,
        }
    words = ", ".join(f"{what} {'green' if code == 0 else 'RED'}" for what, code in told.items())
    return not any(told.values()), f"{name:<16} {words:<26} {has}"


def main() -> int:
    """Carry out the machines that are named, or all; the exit code."""
    known = machines()
    parser = argparse.ArgumentParser(prog="python tests/machines.py", description="Tests, as on other processors.")
    parser.add_argument("machine", nargs="*", help=f"some of: {', '.join(known)} (default: all)")
    names = parser.parse_args().machine or list(known)
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"no machine is called {', '.join(unknown)}; there are: {', '.join(known)}")
    if not seen(known[PLAIN]):  # or every machine would be one that this processor cannot play
        parser.error("numpy and scipy do not work here as they are")
    told = [carry_out(name, known[name]) for name in names]
    print("", f"numpy {np.__version__}, Python {sys.version.split()[0]}", *(line for _, line in told), sep="\n")
    return 0 if all(green for green, _ in told) else 1


if __name__ == "__main__":
    sys.exit(main())
