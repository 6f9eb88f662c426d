"""The named refusals: what is let through comes back clean, what is refused is told why."""

from __future__ import annotations

import os
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from meanfield.tools import inputs, threads

HUGE = st.floats(allow_nan=False, allow_infinity=False)


# --- single values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), np.array(2.0), np.array(2), Fraction(2)])
def test_number_takes_every_real_number(value):
    result = inputs.number("beta", value, low=2, high=2, above=1)
    assert result == 2.0
    assert type(result) is float


@pytest.mark.parametrize("value", [True, np.True_, 1j, np.complex128(1), "1", None, [1.0], np.ones(1), np.array(True)])
def test_number_refuses_other_kinds(value):
    with pytest.raises(TypeError, match=r"beta must be a finite real number; got"):
        inputs.number("beta", value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 10**400, np.float32("nan")])
def test_number_refuses_what_is_not_finite(value):
    with pytest.raises(ValueError, match="beta must be a finite real number"):
        inputs.number("beta", value)


@pytest.mark.rounding
def test_number_bounds_are_inclusive_and_above_is_not():
    assert inputs.number("a", 0.0, low=0.0) == 0.0
    assert inputs.number("a", 1.0, high=1.0) == 1.0
    for bounds in ({"low": 1e-300}, {"high": -1e-300}, {"above": 0.0}):
        with pytest.raises(ValueError, match=r"a must be a finite real number (>=|<=|>) .*; got 0.0 \(float\)"):
            inputs.number("a", 0.0, **bounds)


@pytest.mark.parametrize("value", [8, np.int32(8), np.uint8(8), np.array(8)])
def test_integer_takes_integers(value):
    result = inputs.integer("n", value, low=8, high=8, even=True)
    assert result == 8
    assert type(result) is int


@pytest.mark.parametrize("value", [8.0, np.float64(8), True, np.True_, "8", None, 1j, [8]])
def test_integer_refuses_other_kinds(value):
    with pytest.raises(TypeError, match="n must be an integer"):
        inputs.integer("n", value)


def test_integer_says_what_to_write():
    with pytest.raises(TypeError, match=r"got 256\.0 \(float\)\. Write 256, without the decimal point"):
        inputs.integer("n", 256.0)
    with pytest.raises(ValueError, match=r"n must be an even integer >= 8; got 9 \(int\)\. Take 10"):
        inputs.integer("n", 9, low=8, even=True)
    with pytest.raises(ValueError, match="Take 8"):
        inputs.integer("n", 9, high=9, even=True)
    with pytest.raises(ValueError, match="n must be an integer >= 1 and <= 3"):
        inputs.integer("n", 4, low=1, high=3)


def test_choice_suggests():
    options = ("spectral", "finite-volume", "lagrangian")
    assert inputs.choice("method", np.str_("spectral"), options) == "spectral"
    with pytest.raises(ValueError, match=r"'spectral', 'finite-volume', 'lagrangian'.*Did you mean 'lagrangian'"):
        inputs.choice("method", "Lagrange", options)
    with pytest.raises(ValueError, match="Pass one of these strings"):
        inputs.choice("method", "zzz", options)
    with pytest.raises(TypeError, match="method must be one of"):
        inputs.choice("method", None, options)


def test_callable_or_none():
    assert inputs.callable_or_none("observe", None) is None
    assert inputs.callable_or_none("observe", len) is len
    with pytest.raises(TypeError, match=r"observe must be a callable or None; got 3.*Pass the function itself"):
        inputs.callable_or_none("observe", 3)  # type: ignore[arg-type]


def test_generator():
    rng = np.random.default_rng(5)
    assert inputs.generator(rng) is rng
    same = np.random.default_rng(5).random()
    assert inputs.generator(5).random() == inputs.generator(np.int64(5)).random() == same
    assert inputs.generator(np.random.SeedSequence(5)).random() == same
    assert inputs.generator(None).random() != inputs.generator(None).random()


@pytest.mark.parametrize(
    ("rng", "error"),
    [
        (-1, ValueError),
        (1.0, TypeError),
        (True, TypeError),
        (np.True_, TypeError),
        ("1", TypeError),
        ([1, 2], TypeError),
        (np.random.RandomState(0), TypeError),
        (np.random, TypeError),
    ],
)
def test_generator_refuses(rng, error):
    with pytest.raises(error, match=r"rng must be None, an integer seed >= 0, .*default_rng\(seed\)"):
        inputs.generator(rng)


def test_a_broken_or_long_repr_does_not_hide_the_refusal():
    class Mute:
        def __repr__(self):
            raise RuntimeError

    with pytest.raises(TypeError, match="without a repr"):
        inputs.number("beta", Mute())
    with pytest.raises(TypeError) as caught:
        inputs.number("beta", "x" * 10_000)
    assert len(str(caught.value)) < 300


# --- arrays ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [[1, 2], (1.0, 2.0), np.array([1, 2], "i2"), np.array([1, 2], ">f4"), range(1, 3)])
def test_array_is_contiguous_float64(value):
    result = inputs.array("x", value)
    assert result.dtype == np.float64
    assert result.flags.c_contiguous
    assert result.flags.writeable
    assert result.tolist() == [1.0, 2.0]


def test_array_aliases_only_when_told():
    x = np.ones((3, 2))
    assert not np.shares_memory(inputs.array("x", x), x)
    assert not np.shares_memory(inputs.rows("x", x / np.sqrt(2)), x)
    assert inputs.array("x", x, copy=False) is x
    assert inputs.array("x", x.T, copy=False).flags.c_contiguous
    w = np.array([0.5, 0.5])
    assert not np.shares_memory(inputs.weights("w", w, (2,)), w)


def test_array_complex():
    assert inputs.array("c", [1j], complex_ok=True).dtype == np.complex128
    assert inputs.array("c", [1.0], complex_ok=True).dtype == np.float64
    with pytest.raises(TypeError, match="c must be an array of finite real numbers; got complex values"):
        inputs.array("c", [1.0 + 0j])
    with pytest.raises(ValueError, match=r"1 NaN or infinite of 1, the first at index \[0\]"):
        inputs.array("c", [complex(0.0, np.inf)], complex_ok=True)


@pytest.mark.parametrize("value", ["abc", ["1"], [None], [object()], [True], [10**400], np.array(["2020"], "M8[Y]")])
def test_array_refuses_other_kinds(value):
    with pytest.raises(TypeError, match="x must be an array of finite real numbers; got"):
        inputs.array("x", value)


def test_array_counts_and_places_what_is_not_finite():
    x = np.zeros((3, 4))
    x[1, 2], x[2, 0] = np.nan, -np.inf
    with pytest.raises(ValueError, match=r"2 NaN or infinite of 12, the first at index \[1, 2\]: nan"):
        inputs.array("x", x)
    with pytest.raises(ValueError, match=r"first at index \[\]: inf"):
        inputs.array("x", np.inf)
    big = np.longdouble("1e400")
    if np.isfinite(big):  # where long double is longer
        with pytest.raises(ValueError, match="inf"):
            inputs.array("x", np.array([big]))


def test_array_shapes():
    x = np.zeros((3, 4))
    inputs.array("x", x, ndim=2, shape=(3, None))
    inputs.array("x", x, ndim=(1, 2))
    with pytest.raises(ValueError, match=r"with 1 or 3 dimension.*shape \(3, 4\)"):
        inputs.array("x", x, ndim=(1, 3))
    with pytest.raises(ValueError, match=r"of shape \(any, 3\); got .*\(3, 4\)"):
        inputs.array("x", x, shape=(None, 3))
    with pytest.raises(ValueError, match=r"of shape \(12,\)"):
        inputs.array("x", x, shape=(12,))
    with pytest.raises(ValueError, match="at least one element"):
        inputs.array("x", [])
    assert inputs.array("x", [], nonempty=False).shape == (0,)
    with pytest.raises(ValueError, match="same length"):
        inputs.array("x", [[1, 2], [3]])


def test_array_refuses_masked_entries():
    with pytest.raises(ValueError, match="1 masked entries"):
        inputs.array("x", np.ma.array([1.0, 2.0], mask=[False, True]))
    assert inputs.array("x", np.ma.array([1.0, 2.0])).tolist() == [1.0, 2.0]


# --- points ------------------------------------------------------------------------------------------------


@pytest.mark.rounding
@given(hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=3, max_side=40), elements=st.floats(-1, 1)))
def test_rows_are_unit_and_idempotent(x):
    x = np.concatenate([x, 0.1 + np.abs(x[..., :1])], axis=-1)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    near = x * (1 + 1e-9)
    first = inputs.rows("x", near)
    assert np.abs(np.linalg.norm(first, axis=-1) - 1).max() < 1e-14
    assert np.abs(first - x).max() < 1e-14
    assert np.array_equal(inputs.rows("x", first), first)


def test_rows_treats_replicas_one_by_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 5, 3))
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    x[2] *= 1 + 1e-9
    assert np.array_equal(inputs.rows("x", x), np.stack([inputs.rows("x", r) for r in x]))


def test_rows_names_the_worst():
    x = np.eye(3)
    x[1] *= 1.5
    x[2] *= 1 + 1e-6
    with pytest.raises(ValueError, match=r"2 of 3 rows off the sphere .* worst x\[1\] with norm 1\.5\. Divide by"):
        inputs.rows("x", x)
    assert inputs.rows("x", x, tol=0.6).tolist() == np.eye(3).tolist()
    with pytest.raises(ValueError, match=r"worst x\[1, 0\] with norm 0\.0"):
        inputs.rows("x", [[[0, 1.0]], [[0, 0]]])
    with pytest.raises(ValueError, match="with norm inf"):
        inputs.rows("x", [[1e200, 1e200]])


@pytest.mark.parametrize("x", [[1.0, 0.0], 1.0, [[1.0]], np.empty((0, 3)), np.empty((3, 0))])
def test_rows_refuses_shapes(x):
    with pytest.raises(ValueError, match="x must be"):
        inputs.rows("x", x)


def test_rows_wants_the_dimension():
    assert inputs.rows("x", [[0.0, 1.0]], d=2).shape == (1, 2)
    with pytest.raises(ValueError, match=r"d = 3; got shape \(1, 2\).*last axis"):
        inputs.rows("x", [[0.0, 1.0]], d=3)


def test_angles():
    assert inputs.angles("x", [7, -9.0]).tolist() == [7.0, -9.0]
    with pytest.raises(ValueError, match=r"For one angle write \[x\]"):
        inputs.angles("x", 1.0)
    with pytest.raises(ValueError, match="NaN"):
        inputs.angles("x", [np.nan])


@pytest.mark.rounding
@given(hnp.arrays(float, hnp.array_shapes(max_dims=2, max_side=300), elements=st.floats(0, 1.7e308)))
def test_weights_are_a_measure_and_idempotent(w):
    w[..., 0] = np.where(w.sum(axis=-1, where=w < 1e300) == 0, 1e-320, w[..., 0])
    first = inputs.weights("w", w, w.shape)
    assert np.abs(first.sum(axis=-1) - 1).max() < 1e-13
    assert (first >= 0).all()
    assert np.array_equal(inputs.weights("w", first, w.shape), first)


def test_weights_broadcast_and_default():
    assert inputs.weights("w", None, (2, 4)).tolist() == [[0.25] * 4] * 2
    assert inputs.weights("w", [1, 3], (2, 2)).tolist() == [[0.25, 0.75]] * 2
    assert inputs.weights("w", 7, (4,)).tolist() == [0.25] * 4
    mixed = inputs.weights("w", [[0.3, 0.7], [2.0, 1.0]], (2, 2))
    assert mixed[0].tolist() == [0.3, 0.7]  # bits kept, whatever the other replicas need


def test_weights_refuses():
    with pytest.raises(ValueError, match=r"1 negative, the first at index \[1\]: -1"):
        inputs.weights("w", [1, -1], (2,))
    with pytest.raises(ValueError, match=r"only zeros in replica \[1\]"):
        inputs.weights("w", [[1, 0], [0, 0]], (2, 2))
    with pytest.raises(ValueError, match=r"broadcast to shape \(3,\); got shape \(2,\)"):
        inputs.weights("w", [1, 1], (3,))
    with pytest.raises(ValueError, match=r"w must be .*NaN"):
        inputs.weights("w", [1, np.nan], (2,))


@pytest.mark.rounding
@given(hnp.arrays(float, st.integers(1, 40), elements=HUGE))
def test_unit_vector_is_unit_and_idempotent(v):
    if not v.any():
        v[0] = 5e-324
    u = inputs.unit_vector("axis", v, len(v))
    assert abs(np.linalg.norm(u) - 1) < 1e-14
    assert np.array_equal(inputs.unit_vector("axis", u, len(v)), u)
    assert np.array_equal(np.sign(u)[u != 0], np.sign(v)[u != 0])


def test_unit_vector_refuses():
    with pytest.raises(ValueError, match="the zero vector"):
        inputs.unit_vector("axis", [0, 0], 2)
    with pytest.raises(ValueError, match=r"length 3; got shape \(2,\)"):
        inputs.unit_vector("axis", [0, 1], 3)
    with pytest.raises(ValueError, match=r"got shape \(1, 2\)"):
        inputs.unit_vector("axis", [[0, 1]], 2)


# --- times -------------------------------------------------------------------------------------------------


def test_times():
    assert inputs.times((0, 3)) == (0.0, 3.0, None)
    t0, t1, t = inputs.times(np.array([-1, 2]), [-1, 0.5, 2])
    assert (t0, t1) == (-1.0, 2.0)
    assert t is not None
    assert t.tolist() == [-1.0, 0.5, 2.0]


@pytest.mark.parametrize("span", [1.0, (0,), (0, 1, 2), "01", None])
def test_times_refuses_what_is_no_span(span):
    with pytest.raises(ValueError, match="t_span must be two numbers"):
        inputs.times(span)


def test_times_refuses():
    with pytest.raises(ValueError, match="sign=-1"):
        inputs.times((1, 0))
    with pytest.raises(ValueError, match="some length"):
        inputs.times((1, 1))
    with pytest.raises(ValueError, match=r"t_span\[1\] must be a finite"):
        inputs.times((0, np.inf))
    with pytest.raises(TypeError, match=r"t_span\[0\]"):
        inputs.times(("0", 1))
    with pytest.raises(ValueError, match=r"unsorted times: t_eval\[0\] = 0.5 is followed by t_eval\[1\] = 0.2"):
        inputs.times((0, 1), [0.5, 0.2, 0.2])
    with pytest.raises(ValueError, match=r"repeated times: t_eval\[1\] = t_eval\[2\] = 0.5"):
        inputs.times((0, 1), [0.2, 0.5, 0.5])
    with pytest.raises(ValueError, match=r"inside t_span = \[0.0, 1.0\]; got 1 outside, the first t_eval\[1\] = 1.5\."):
        inputs.times((0, 1), [0.5, 1.5])
    for t_eval in ([], 0.5, [[0.5]]):
        with pytest.raises(ValueError, match="t_eval must be"):
            inputs.times((0, 1), t_eval)


# --- threads -----------------------------------------------------------------------------------------------


def test_threads_one_below_the_thresholds(monkeypatch):
    monkeypatch.setenv(threads.VARIABLE, "7")
    assert threads.threads(threads.WORK - 1) == threads.fft_threads(threads.FFT_LENGTH - 1) == 1
    assert threads.threads(threads.WORK) == threads.fft_threads(threads.FFT_LENGTH) == 7


def test_threads_respects_affinity(monkeypatch):
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert threads.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads.cores() == 1


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²"])
def test_threads_refuses_a_bad_variable(monkeypatch, text):
    monkeypatch.setenv(threads.VARIABLE, text)
    with pytest.raises(ValueError, match="MEANFIELD_THREADS must be a positive integer"):
        threads.cores()
