"""One rule, several readers: NumPy against 50 digits, Numba against NumPy, on every rule."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from fusegrad.kernels import WORDS, lift, on_exact, on_numba, on_numpy, trace
from fusegrad.kernels.words import exp, sqrt, where
from tests.bounds_sample import DTYPES, MP, ULPS, Bound
from tests.readers_sample import RULES, Rule, assert_agree, outputs

POINTS = 32
# Next to a pole the errors of the words decide whether a number comes out at all; there the
# bound is silent. It must not be silent often, or it would prove nothing.
SILENT_SHARE = 0.4
every_rule = pytest.mark.parametrize("name", RULES)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
both_readers = pytest.mark.parametrize("reader", ["numpy", "numba"])


def lies_in_bound(rule: Rule, dtype: str, points: list[np.ndarray]) -> int:
    """Hold NumPy's results against the exact ones; gives the points where no bound is known."""
    got = outputs(rule.read(on_numpy.read, points))
    bound, silent = Bound(rule.program, dtype), 0
    for i in range(len(points[0])):
        point = [p[i] for p in points]
        for result, exact in zip(got, bound(*point, **rule.scalars), strict=True):
            assert bound.allows(float(result[i]), exact), (point, result[i], exact)
            silent += exact.error == MP.inf
    return silent / len(got)


@every_dtype
def test_every_word_states_its_ulps(dtype: str) -> None:
    assert set(ULPS[dtype]) == set(WORDS)


@every_dtype
@every_rule
def test_numpy_lies_within_the_bound_on_the_domain(name: str, dtype: str) -> None:
    points = RULES[name].points(dtype, np.random.default_rng(1), POINTS)
    assert not lies_in_bound(RULES[name], dtype, points)


@every_dtype
@every_rule
def test_numpy_lies_within_the_bound_at_every_magnitude(name: str, dtype: str) -> None:
    points = RULES[name].magnitudes(dtype, np.random.default_rng(2), POINTS)
    assert lies_in_bound(RULES[name], dtype, points) <= SILENT_SHARE * POINTS


@every_dtype
@every_rule
def test_numpy_lies_within_the_bound_at_special_numbers(name: str, dtype: str) -> None:
    points = RULES[name].specials(dtype, rng := np.random.default_rng(3))
    one_zero = np.all([(p != 0) | ~np.signbit(p) for p in points], axis=0)  # mpmath has no -0
    some = rng.permutation(np.flatnonzero(one_zero))[: 4 * POINTS]
    silent = lies_in_bound(RULES[name], dtype, [p[some] for p in points])
    assert silent <= SILENT_SHARE * len(some)


@every_rule
def test_a_planted_error_of_the_size_of_the_bound_is_seen(name: str) -> None:
    rule, dtype = RULES[name], "float32"
    point = [p[0] for p in rule.points(dtype, np.random.default_rng(4), 1)]
    bound = Bound(rule.program, dtype)
    for exact in bound(*point, **rule.scalars):
        if not isinstance(exact.value, bool):
            moved = exact.value + 2 * exact.error + 2 * bound.ulp(exact.value)
            assert not bound.allows(float(np.float64(moved)), exact)


def test_the_exact_reader_knows_50_digits() -> None:
    (root,) = on_exact.read(trace(lambda x: sqrt(x)))(2)
    assert int(root * 10**49) == math.isqrt(2 * 10**98)


def test_the_exact_reader_is_the_bound_without_errors() -> None:
    rule = RULES["adam"]
    point = [0.3, -1.25, 0.5, 0.0625]
    bounded = Bound(rule.program, "float64")(*point, **rule.scalars)
    assert [b.value for b in bounded] == on_exact.read(rule.program)(*point, **rule.scalars)


# ---- NumPy and Numba ----------------------------------------------------------------------
@every_dtype
@every_rule
def test_numba_agrees_with_numpy(name: str, dtype: str) -> None:
    rule, rng = RULES[name], np.random.default_rng(5)
    choices = rule.points(dtype, rng, 500), rule.magnitudes(dtype, rng, 500)
    for points in (*choices, rule.specials(dtype, rng)):
        one, other = (rule.read(r, points) for r in (on_numpy.read, on_numba.read))
        assert_agree(rule, points, one, other)


def cut(layout: str, size: int) -> Callable[[np.ndarray], np.ndarray]:
    """A view of `size` elements of a longer flat array."""
    return {
        "strided": lambda x: x[: 2 * size : 2],
        "reversed": lambda x: x[size - 1 :: -1],
        "transposed": lambda x: x[:size].reshape(3, -1).T,
        "fortran": lambda x: np.asfortranarray(x[:size].reshape(3, -1)),
        "empty": lambda x: x[:0],
        "empty with axes": lambda x: x[:0].reshape(2, 0, 3),
        "0-d": lambda x: x[size : size + 1].reshape(()),
    }[layout]


LAYOUTS = ("strided", "reversed", "transposed", "fortran", "empty", "empty with axes", "0-d")


@pytest.mark.parametrize("layout", LAYOUTS)
@every_rule
def test_every_layout_gives_the_elements_of_its_copy(name: str, layout: str) -> None:
    rule, view = RULES[name], cut(layout, 12)
    points = rule.points("float32", np.random.default_rng(6), 24)
    views = [view(p) for p in points]
    copies = [np.ascontiguousarray(v).reshape(v.shape) for v in views]
    expected = rule.read(on_numpy.read, copies)
    for reader in (on_numpy.read, on_numba.read):
        assert_agree(rule, views, expected, rule.read(reader, views))


@every_rule
def test_overlapping_views_are_read_before_anything_is_written(name: str) -> None:
    rule = RULES[name]
    shared = np.random.default_rng(7).uniform(0.1, 0.9, 40)
    views = [shared[k : k + 30] for k in range(len(rule.program.inputs))]
    before = shared.copy()
    expected = rule.read(on_numpy.read, [v.copy() for v in views])
    for reader in (on_numpy.read, on_numba.read):
        assert_agree(rule, views, expected, rule.read(reader, views))
        assert np.array_equal(shared, before)


# ---- dtypes and shapes --------------------------------------------------------------------
@every_dtype
@both_readers
@every_rule
def test_the_dtype_is_kept_and_truth_stays_truth(name: str, reader: str, dtype: str) -> None:
    rule, read = RULES[name], {"numpy": on_numpy.read, "numba": on_numba.read}[reader]
    points = rule.points(dtype, np.random.default_rng(8), 5)
    results = outputs(rule.read(read, points))
    for node, result in zip(rule.program.outputs, results, strict=True):
        assert result.dtype == (dtype if node.gives == "n" else bool)


@pytest.mark.parametrize("dtype", [bool, np.float32])
@both_readers
def test_where_takes_truth_values_and_numbers(reader: str, dtype: type) -> None:
    x = np.array([1, 2, 3], np.float32)
    y = lift(lambda t, x: where(t, x, -x), reader=reader)(np.array([1, 0, 1], dtype), x)
    assert y.dtype == np.float32
    assert y.tolist() == [1, -2, 3]


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_a_choice_of_two_fractions_is_not_cut_to_integers(dtype: type) -> None:
    halves = lift(lambda x: where(x > 0, 0.5, 0.25))
    assert halves(np.array([0, 1], dtype)).tolist() == [0.25, 0.5]


def test_float16_is_kept_by_numpy() -> None:
    y = lift(lambda x, *, a: a * where(x > 0, 1, 0.5) * exp(x))(np.ones(3, np.float16), a=2)
    assert y.dtype == np.float16


SHAPES = [((3, 1), (1, 4)), ((), (2, 3)), ((2, 1, 3), (4, 1)), ((1, 1), (5,)), ((0,), (1,))]


@pytest.mark.parametrize("shapes", SHAPES)
def test_inputs_broadcast_as_numpys_do(shapes: tuple) -> None:
    a, b = (np.random.default_rng(9).standard_normal(s) for s in shapes)
    got = lift(lambda a, b: a * b + a)(a, b)
    assert got.shape == np.broadcast_shapes(*shapes)
    assert np.array_equal(got, a * b + a)


@both_readers
def test_several_outputs_of_0d_arrays_are_arrays(reader: str) -> None:
    both = lift(lambda x, y: (x + y * 2, x * y), reader=reader)
    for got, value in zip(both(np.array(3.0), np.array(5.0)), (13, 15), strict=True):
        assert isinstance(got, np.ndarray)
        assert (got.shape, got) == ((), value)


@pytest.mark.parametrize("shapes", [((6,), (1, 1)), ((0,), (1,)), ((2, 3), ())])
def test_numba_takes_single_numbers_of_any_shape(shapes: tuple) -> None:
    a, b = (np.random.default_rng(9).standard_normal(s) for s in shapes)
    got = lift(lambda a, b: a * b + a, reader="numba")(a, b)
    assert got.shape == np.broadcast_shapes(*shapes)
    assert np.array_equal(got, a * b + a)


def test_both_loops_of_numba_agree_beyond_one_chunk() -> None:
    rule, n = RULES["divide_vjp_b"], on_numba.CHUNK + 1
    points = rule.points("float32", np.random.default_rng(10), n)
    assert_agree(rule, points, *(rule.read(r, points) for r in (on_numpy.read, on_numba.read)))
