"""The library calls that cannot be saved, alone: a right-hand side's own planned transforms, a package's own imports.

A limit, not a peer: ours cannot be faster than this unless it needs fewer transforms than it does.
"""

from __future__ import annotations

from typing import Any

import ducc0
import numpy as np
import pyfftw

import meanfield as mf
from benchmarks.runners import Job
from benchmarks.runners.ours import general, import_time

PACKAGES = ("numpy", "pyfftw", "ducc0")


def _nothing(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return {}, {}


def _plan(space: Any, s: dict[str, Any]) -> Any:
    """Ours, to know the grid on which it forms products: that of the kernel's own multipliers."""
    kernel = mf.Exponential(s["beta"])
    k, top = space.degrees, int(space.degrees.max())
    q = kernel.multipliers(space.d, top)[k]
    return space.plan(np.stack([np.ones(len(k)), q]), kernel.potential(space.d, top)[k])


def circle_rhs(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """SA: rho, Z and X to the nodes by one stacked inverse transform, the flux back by one."""
    P = int(_plan(mf.Circle(s["n"]), s).grid.size)
    spectra = pyfftw.zeros_aligned((3, P // 2 + 1), dtype=complex)
    fields = pyfftw.zeros_aligned((3, P))
    flux = pyfftw.zeros_aligned(P)
    flux_spectrum = pyfftw.zeros_aligned(P // 2 + 1, dtype=complex)
    options = {"flags": ("FFTW_MEASURE",), "threads": s["threads"]}
    up = pyfftw.FFTW(spectra, fields, axes=(1,), direction="FFTW_BACKWARD", **options)
    down = pyfftw.FFTW(flux, flux_spectrum, direction="FFTW_FORWARD", **options)
    spectra[...] = 1.0
    flux[...] = 1.0

    def solve() -> None:
        up.execute()
        down.execute()

    return Job(solve, lambda none: ({}, {"length": P}))


def sphere_rhs(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """SA: rho to the grid, Z and grad U in the kernel's band, the flux tested against gradients.

    Legendre part and FFT as two calls of ducc0: quicker than its calls for both at once.
    """
    lmax = s["lmax"]
    space = mf.Sphere(lmax)
    circles, longitudes = _plan(space, s).grid.shape
    band = min(lmax, mf.Exponential(s["beta"]).bandwidth(3))
    theta = ducc0.misc.GL_thetas(circles)
    spectra = np.zeros((2, circles, longitudes // 2 + 1), dtype=complex)
    grid = np.ones((2, circles, longitudes))
    threads = s["threads"]

    def alm(degree: int) -> Any:
        return np.ones((1, (degree + 1) * (degree + 2) // 2), dtype=complex)

    full, short = alm(lmax), alm(band)

    def options(degree: int, components: int) -> dict[str, Any]:
        mode = "DERIV1" if components == 2 else "STANDARD"
        leg = spectra[:components, :, : degree + 1]
        return {"leg": leg, "spin": components - 1, "lmax": degree, "theta": theta, "nthreads": threads, "mode": mode}

    def up(a: Any, degree: int, components: int) -> None:
        ducc0.sht.alm2leg(alm=a, **options(degree, components))
        spectrum, out = spectra[:components], grid[:components]
        ducc0.fft.c2r(spectrum, axes=(2,), lastsize=longitudes, forward=False, out=out, nthreads=threads)

    def solve() -> None:
        up(full, lmax, 1)
        up(short, band, 1)
        up(short, band, 2)
        ducc0.fft.r2c(grid, axes=(2,), forward=True, out=spectra, nthreads=threads)
        ducc0.sht.leg2alm(alm=full, **options(lmax, 2))
        full[...] = 1.0

    return Job(solve, lambda none: ({}, {"grid": [int(circles), int(longitudes)], "band": int(band)}))


def importing(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """The same for what meanfield cannot do without."""
    return Job(lambda: import_time(s["needed"]), _nothing)


def rescaled(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """The same law on the sphere, by the same sum: no call of a library, but no fewer pairs either."""
    return Job(general(s, arrays).solve, _nothing)


JOBS = {"rescaled": rescaled, "circle-rhs": circle_rhs, "sphere-rhs": sphere_rhs, "import": importing}
