"""The list of machines is whole, a processor is asked what it can, and what is no machine is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("threadpoolctl", reason="needs the extra test")

import machines


def test_every_kernel_and_both_sets_of_instructions_are_machines() -> None:
    known = machines.machines()
    assert list(known) == ["as it is", *machines.KERNELS, "without AVX512", "without AVX2"]
    assert known["Nehalem"] == {"OPENBLAS_CORETYPE": "Nehalem"} and known["as it is"] == {}
    wide, both = (known[name]["NPY_DISABLE_CPU_FEATURES"].split() for name in ("without AVX512", "without AVX2"))
    has = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    assert set(wide) <= set(both) <= set(has)
    assert all("AVX512" in name or name == "X86_V4" for name in wide)
    assert not {"AVX2", "FMA3", "X86_V3"} & (set(has) - set(both))


def test_a_processor_is_asked_what_it_can() -> None:
    assert machines.seen({"NPY_DISABLE_CPU_FEATURES": ""}) == ""  # nothing to switch off
    assert machines.seen({"PYTHONHASHSEED": "no number"}) == ""  # Python does not start, as where an instruction lacks
    plain = machines.seen({})
    has = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    assert plain.endswith(" ".join(has)) and plain != " ".join(has)  # and a kernel before them


def test_what_is_no_machine_is_refused() -> None:
    run = subprocess.run([sys.executable, machines.__file__, "386"], capture_output=True, text=True, check=False)
    assert run.returncode == 2 and "no machine is called 386" in run.stderr
