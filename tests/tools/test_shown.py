"""What things look like in a console and in a notebook: one line without arrays, and a small table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.kernels.heating import Heating
from meanfield.kernels.radial import Radial
from meanfield.laws.coupling import Polynomial
from meanfield.laws.krause import OfCosine, Within
from meanfield.measures.rings import Rings
from meanfield.measures.turned import Turned
from meanfield.methods.leading import Leaders, Switch
from meanfield.methods.pairs import Forces, TwoTokens
from meanfield.runs.record import Record
from meanfield.special.growth import Growth
from meanfield.steppers import dop853, weak2
from meanfield.sums.edges import Edges, graph
from meanfield.tools import settings, shown

A = np.random.default_rng(0).normal(size=(8, 8))
RHO = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
SOL = mf.solve(mf.SA(4.0), RHO, (0.0, 0.2))
FLOW = mf.solve(mf.SA(4.0), RHO, (0.0, 0.2), method="lagrangian")
VOLUMES = mf.solve(mf.SA(4.0), RHO, (0.0, 0.2), method="finite-volume")
FEW = pt.simulate(mf.SA(4.0), np.linspace(0.0, 5.0, 8), (0.0, 0.5), merge_tol=1e-6)
LATE = pt.longtime(mf.USA(9.0), np.linspace(0.0, 5.0, 8), log_t_end=9.0)
PRODUCTS = pt.gram(mf.SA(4.0), np.eye(8), (0.0, 0.5), [0.5])
NORMAL = mf.solve(mf.SA(1.0, geometry="flat"), mf.Gaussian([1.0, 0.0], np.eye(2)), (0.0, 0.1))
DEEP = mf.solve(mf.Causal(mf.SA(4.0)), mf.family(lambda s: RHO, 3), (0.0, 0.1))
TREE = mf.merge_tree([(1.0, [0, 1]), (2.0, [0, 2])], 3)
POINTS = mf.Points(np.eye(8))
MEASURES: list[Any] = [
    POINTS, Turned(POINTS, 1e4),
    POINTS.past(), POINTS.masked(A**2), POINTS.also(np.eye(8)[:2], [1.0, 1.0]), mf.Points(A, geometry="flat"),
    mf.Points(np.zeros((5, 3))[..., None] + [1.0, 0.0]), RHO, FLOW(0.1),
    VOLUMES(0.1), mf.uniform(mf.ZonalSphere(512, 8)),
    Rings(mf.ZonalSphere(4, 8), np.array([0.1, 2.0]), np.array([0.5, 0.5])),
    PRODUCTS.segments[0].form.among(np.zeros((8, 8))), NORMAL(0.05),
]  # fmt: skip
TREES: list[Any] = [TREE, mf.track(LATE, 2e-3), mf.track(SOL)]
RECORDS: list[Any] = [SOL, FLOW, FEW, LATE, PRODUCTS, NORMAL, DEEP]
OTHERS: list[Any] = [
    mf.SA(1.0, Q=A, K=A, V=A), mf.USA(lambda t: 1.0 + t), mf.Causal(mf.SA(1.0, V=A)), mf.Diffusion(0.1),
    mf.VaryingDiffusion(np.hypot), weak2(0.1),
    mf.Masked(mf.SA(1.0), A**2), mf.Frozen(mf.SA(1.0), np.eye(8)), Edges.of(csr_array(A**2)), graph(csr_array(A**2)),
    mf.Sum(tuple(mf.SA(float(b), Q=A) for b in range(1, 40))), mf.Exponential(1.0, A, A), mf.Zonal(np.cosh, "cosh"),
    Heating(1.0), mf.Circle(8), mf.Line(-1.0, 1.0), mf.Sphere(4), mf.ZonalSphere(512, 8), mf.Doubt(), mf.Spectral(),
    mf.Lagrangian(), mf.FiniteVolume(), mf.MinimisingMovements(), mf.CausalSpectral(), DEEP(0.05),
    mf.distances.w2_energy_circle([0.0], [1.0], 1.0, return_path=True)[1],
    *VOLUMES.segments, VOLUMES.scheme.stepper(1e-9, 1e-9),
    mf.Spectral(then=mf.Lagrangian()), pt.Cloud(), LATE.scheme, geometry.ANGLES, geometry.ROWS,
    geometry.FLAT, geometry.MERIDIAN, geometry.REALS, dop853(1e-9, 1e-9),
    POINTS.read(mf.Exponential(2.0)), POINTS.masked(A**2).sight, LATE.merges[0], *SOL.segments, *FEW.segments,
    *LATE.segments, *FLOW.segments, SOL.counters, SOL.dense[0], SOL.status, mf.clusters(POINTS), mf.track(LATE, 2e-3),
    TREE, TREE.branches[-1], mf.order_parameters(RHO), mf.predict(mf.SA(4.0), RHO, 1),
    pt.energies(mf.Causal(mf.SA(1.0)), [0.0, 1.0]), pt.classify(pt.simulate(mf.SA(1.0), [0.0, 1.0], (0.0, 0.1))),
    mf.equation("A (2.7)"), mf.FeedForward(A, A, np.zeros(8)), mf.Linear(A), mf.Activated(mf.SA(1.0), A),
    mf.Kuramoto(np.arange(8.0)), mf.Coupling(np.sin), Polynomial((1.0,) * 40),
    mf.equiangular(mf.SA(1.0), 8, 0.5), pt.hull(np.eye(8)), pt.limit_set(np.eye(3)), pt.boolean(np.eye(8)),
    pt.good_triple(None, None, np.diag(np.arange(8.0))),
    mf.Krause(np.exp), mf.HegselmannKrause(1.0), mf.CuckerSmale(np.exp), mf.Vicsek(np.exp), Radial(np.exp, "exp"),
    OfCosine(np.exp), Within(1.0), geometry.Product(geometry.FLAT, geometry.FLAT),
    mf.Inertial(mf.SA(1.0)), geometry.Tangent(),
    mf.Rotary(mf.SA(1.0)), mf.Encoded(mf.SA(1.0), A),
    mf.equiangular(mf.SA(1.0), 8, 0.5), pt.equilibrium(np.eye(8)),
    pt.ends(mf.SA(1.0, geometry="flat"), np.arange(8.0)[:, None]),
    pt.Stays(A[:, :1], 1e-12, A[0], 0.5, A[1]),
    mf.Sinkhorn(1.0, Q=A, K=A),
    pt.critical_points(mf.SA(1.0), 3)[-1], pt.critical_points(mf.SA(1.0), 3)[-1].certificate,
    pt.CBO(np.sum),
    mf.LinearAttention(A), mf.ALiBi(mf.SA(1.0), 0.5), mf.Rescaled(mf.SA(1.0, V=A, geometry="flat")), Growth.of(A),
    mf.Normalised(mf.SA(1.0), "pre"), pt.layers(mf.SA(1.0), np.eye(8), depth=2, step=0.1),
    pt.row_statistics(pt.attention(mf.SA(1.0), np.eye(8))), PRODUCTS.scheme, *PRODUCTS.segments,
    pt.row_statistics(pt.attention(mf.SA(1.0), np.eye(8))),
    mf.SA(np.inf, ties="first"), pt.leaders(mf.SA(np.inf), np.eye(8)), pt.branches(mf.SA(np.inf), np.eye(8))[0],
    Switch(0.5, 3, (1, 2), "slides"), Leaders.begun(mf.SA(np.inf), 0.0, POINTS),
    mf.pair_correlation(mf.SA(4.0), 4, (0.0, 0.01)), mf.pair_correlation(mf.SA(4.0), 4, (0.0, 0.01)).run,
    Forces(2, 1.0, 1, False, 0.0), TwoTokens(Forces(2, 1.0, 1, False, 0.0)),
    mf.fluctuations(mf.SA(4.0), RHO, (0.0, 0.1), [0.1]), *mf.fluctuations(mf.SA(4.0), RHO, (0.0, 0.1), [0.1]).flow,
    *mf.Causal(mf.SA(np.inf)).choosing, *mf.SA(np.inf).choosing,
]  # fmt: skip


class Tags(HTMLParser):
    """The names of the tags met, and the text between them; attributes are counted."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.met: list[str] = []
        self.said: list[str] = []
        self.attributes = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.met.append(tag)
        self.attributes += len(attrs)

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.mark.parametrize("thing", [*MEASURES, *RECORDS, *OTHERS], ids=lambda thing: type(thing).__name__)
def test_a_repr_is_one_short_line_without_arrays(thing: Any) -> None:
    text = repr(thing)
    assert "\n" not in text and "array(" not in text and " at 0x" not in text
    assert len(text) <= 300
    assert not re.search(r"(-?\d+\.\d{3,}[, ]+){9}", text)  # no long list of numbers


def test_every_public_class_is_shown_above() -> None:
    seen = {type(thing) for thing in [*MEASURES, *RECORDS, *OTHERS]}
    public = {thing for room in (mf, pt) for name in room.__all__ if isinstance(thing := getattr(room, name), type)}
    raised = {one for one in public if issubclass(one, BaseException)}
    abstract = {mf.Law, mf.Merge}
    assert public - raised - abstract <= seen
    ours = [one for one in settings._names if one.__module__.startswith(("meanfield", "particles"))]
    unseen = {one for one in ours if one.__repr__ is not shown.Shown.__repr__} - seen
    assert unseen <= {mf.Merge}


def test_a_law_of_somebodys_own_is_short_too() -> None:
    @dataclass(frozen=True)
    class Pulled(mf.Law):
        A: Any
        rate: float = 1.0
        after: Any = None

    class Free(mf.Law):
        pass

    assert repr(Pulled(A)) == "Pulled(A=<8 x 8>, rate=1.0)"
    assert repr(Free()) == str(Free()) == "Free()"


def test_words_of_values() -> None:
    assert shown.short(np.float64(0.5)) == "0.5" and shown.short(np.array(2)) == "2"
    assert shown.short((1,)) == "(1,)" and shown.short(list(range(9))) == "[0, 1, 2, 3, ... 9 in all]"
    assert shown.short({"a": A, **dict.fromkeys("bcdef", 0)}) == "{'a': <8 x 8>, 'b': 0, 'c': 0, 'd': 0, ...}"
    assert shown.short(np.cosh) == "cosh" and len(shown.short("x" * 99)) <= shown.WORDS
    assert shown.span([1.0, np.nan, 2.0]) == "1 to 2" and shown.span([np.nan]) == "unknown" and shown.span(3) == "3"


@pytest.mark.parametrize("thing", [*MEASURES, *RECORDS, *TREES], ids=lambda thing: type(thing).__name__)
def test_a_notebook_shows_a_table(thing: Any) -> None:
    told = Tags(thing._repr_html_())
    assert set(told.met) <= {"table", "caption", "tbody", "tr", "th", "td"} and told.met.count("tr") >= 4
    assert told.attributes == 0  # no colour, no size, no script


def test_a_tree_tells_its_last_merger_and_its_longest_stretch() -> None:
    tree = mf.merge_tree([(1.0, [0, 1]), (4.0, [0, 2])], [0.2, 0.3, 0.5], end=9.0, title="three")
    said = Tags(tree._repr_html_()).said
    assert said[0] == "MergeTree: three" and "3 -> 1" in said and "t = 0 to 9" in said
    assert "t = 4, masses 0.5 + 0.5" in said and "2 clusters, t = 1 to 4" in said
    assert "log t = 0 to 2" in Tags(mf.merge_tree([(1.0, [0, 1]), (2.0, [0, 2])], 3, log=True)._repr_html_()).said
    still = Tags(mf.merge_tree([], 3, end=1.0)._repr_html_()).said
    assert "3 -> 3" in still and not any("stretch" in one or "last" in one for one in still)
    many = Tags(mf.merge_tree([(1.0, list(range(9)))], 9)._repr_html_()).said
    assert "t = 1, masses " + " + ".join(["0.111111"] * 6) + " + ..." in many


def test_a_tracking_says_how_sure_it_is() -> None:
    said = Tags(TREES[1]._repr_html_()).said
    assert f"{len(LATE.t)} times" in said and "8 -> 1" in said
    assert any(one.startswith("mass near") for one in said)


def test_the_table_is_escaped_and_without_colours() -> None:
    @dataclass(frozen=True)
    class Named(mf.Law):
        name: str

        def velocity(self, t: float, x: Any, mu: Any) -> Any:
            return 0.0 * (mu.x if x is None else x)

    run = pt.simulate(Named("<script>alert(1)</script>"), [0.0, 1.0], (0.0, 0.1))
    html = run._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html and "style" not in html
    assert Tags(mf.equation("A (2.7)")._repr_html_()).met == ["pre"]


@pytest.mark.parametrize("run", RECORDS, ids=lambda run: type(run).__name__)
def test_a_record_tells_its_energies_from_beginning_to_end(run: Record) -> None:
    said = Tags(run._repr_html_()).said
    energy = said[said.index("energy") + 1]
    assert energy == f"{shown.span(run.energy[0])} -> {shown.span(run.energy[-1])}"
    assert "success" in said[said.index("status") + 1] and str(run.law) in said


def test_a_table_is_there_where_a_law_cannot_tell_its_energy() -> None:
    class Broken(mf.Law):
        def velocity(self, t: float, x: Any, mu: Any) -> Any:
            return 0.0 * (mu.x if x is None else x)

        def quantities(self, t: float, mu: Any) -> dict[str, Any]:
            raise RuntimeError("not known")

    run = pt.simulate(Broken(), [0.0, 1.0], (0.0, 0.1))
    assert "energy" not in run._repr_html_()


def test_clusters_have_a_table() -> None:
    assert "masses" in Tags(mf.clusters(mf.Points([0.0, 0.1, 2.0]))._repr_html_()).said
