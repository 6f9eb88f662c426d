"""Several densities side by side."""

from __future__ import annotations

from breakages.engine import Breakage

TEST = "tests/doors/test_side_by_side.py::"
BESIDE: tuple[Breakage, ...] = (
    Breakage(
        name="measures: several at once have no leading axes",
        file="meanfield/protocols/measure.py",
        old="return tuple(int(m) for m in self.weights.shape[:-1])",
        new="return ()",
        red=("tests/laws/test_beside.py::test_points_side_by_side",),
    ),
    Breakage(
        name="beside: answers in the order of the laws, not of the measures",
        file="meanfield/laws/beside.py",
        old="None if np.all(np.diff(every) > 0) else np.argsort(every)",
        new="None",
        red=(TEST + "test_each_member_is_moved_as_if_alone[in any order]",),
    ),
    Breakage(
        name="several: the coarsest space holds them all",
        file="meanfield/spaces/several.py",
        old="largest = max((rho.space",
        new="largest = min((rho.space",
        red=(TEST + "test_resolutions_are_made_alike",),
    ),
    Breakage(
        name="several: a replica has the dense output of the first",
        file="meanfield/runs/several.py",
        old="y0=b.y0[index]",
        new="y0=b.y0[(0,) * len(index)]",
        red=(TEST + "test_a_replica_is_a_run_of_its_own",),
    ),
    Breakage(
        name="circle: the rows of several densities are multiplied by one symbol",
        file="meanfield/spaces/circle.py",
        old="np.multiply(self._symbols, c.reshape(-1, 1, M), out=spectrum[..., :M])",
        new="np.multiply(self._symbols[:1], c.reshape(-1, 1, M), out=spectrum[..., :M])",
        red=(TEST + "test_each_member_is_moved_as_if_alone[one]",),
    ),
    Breakage(
        name="solve: atol is of the smallest of several, and nobody is told",
        file="meanfield/doors/solve.py",
        old="(each < followed / LOOSE)",
        new="(each < 0.0)",
        red=(TEST + "test_one_much_nearer_the_uniform_density_than_others_is_told",),
    ),
)
