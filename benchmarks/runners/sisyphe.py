"""Sisyphe on the CPU: `linear_local_average` with a kernel of the user's own (a LazyTensor, so KeOps works below)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pykeops
import torch
from pykeops.torch import LazyTensor
from sisyphe.particles import Particles

from benchmarks.runners import Job

pykeops.set_verbose(False)
PACKAGES = ("sisyphe", "pykeops", "torch", "numpy")


def dense(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Rows in any dimension; Z and M by one average of (x, 1)."""
    torch.set_num_threads(s["threads"])
    beta, normalised = float(s["beta"]), s["law"] == "SA"
    x = torch.from_numpy(np.ascontiguousarray(arrays["rows"]))
    one = torch.ones((len(x), 1), dtype=x.dtype)
    cloud = Particles(x, interaction_radius=1.0, box_size=2.0, boundary_conditions="open")

    def kernel(x: Any, y: Any, **ignored: Any) -> Any:
        return (beta * ((LazyTensor(x[:, None, :]) | LazyTensor(y[None, :, :])) - 1.0)).exp()

    def solve() -> Any:
        m, z = cloud.linear_local_average(cloud.pos, one, kernel=kernel)
        v = m / z if normalised else m
        return v - (v * cloud.pos).sum(dim=1, keepdim=True) * cloud.pos

    solve()
    return Job(solve, lambda v: ({"v": v.numpy()[arrays["asked"]]}, {}))


JOBS = {"dense": dense}
