"""Beside PyTorch: the same values and first gradients, at random points and at kinks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import OPS, ROWS, Tensor
from fusegrad.engine.ops.indexing import getitem, segment_sum
from fusegrad.engine.ops.shaping import astype
from fusegrad.engine.tape import apply
from tests.cases import OPERATIONS
from tests.cases.operation import HERE
from tests.ops_sample import error, leaf
from tests.rows_sample import KINKS, drawn

torch = pytest.importorskip("torch", reason="PyTorch is not installed; nothing to compare with")
F = torch.nn.functional

# Both sides round a handful of times; functions such as exp may differ by an ulp or two.
TOLERANCE = 1e-12

# ---- rows -----------------------------------------------------------------------------------
SAME_NAME = """
    add subtract multiply divide negative exp expm1 log log1p log2 log10 logaddexp sqrt rsqrt
    hypot reciprocal square remainder floor_divide erf erfc lgamma digamma sin cos tan arcsin
    arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh absolute sign maximum minimum
    clip greater greater_equal less less_equal not_equal logical_not logical_and logical_or
    logical_xor isnan isinf isfinite floor ceil sigmoid relu addcmul lerp
"""
IN_FUNCTIONAL = """
    relu6 leaky_relu hardtanh hardsigmoid hardswish softshrink hardshrink softplus logsigmoid
    softsign tanhshrink elu selu celu silu mish gelu
"""
# A row with parameters is compared at their defaults; theirs have no slopes but in prelu.
THEIRS: dict[str, Callable[..., Any]] = {
    **{name: getattr(torch, name) for name in SAME_NAME.split()},
    **{name: getattr(F, name) for name in IN_FUNCTIONAL.split()},
    "power": torch.pow,
    "equal": torch.eq,
    "rint": torch.round,
    "where": lambda c, a, b: torch.where(c != 0, a, b),
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "huber": lambda x: F.huber_loss(x, torch.zeros_like(x), reduction="none"),
    "xlogx": lambda x: -torch.special.entr(x),
}
# Theirs clamps, or has no slope for weights: the layers are compared in test_layers_torch.py.
NOT_THEIRS = {"ratio", "focal", "gaussian_nll", "bce_with_logits"}


def free(name: str) -> int:
    """How many arguments of a row have no default."""
    parameters = inspect.signature(ROWS[name].function).parameters.values()
    return sum(p.default is p.empty for p in parameters)


def is_at_defaults(name: str, at: tuple[float, ...]) -> bool:
    """Whether a point has the parameters that PyTorch takes by default."""
    parameters = list(inspect.signature(ROWS[name].function).parameters.values())
    return all(p.default in (p.empty, x) for p, x in zip(parameters, at, strict=True))


# What differs on purpose: (row, place) -> PyTorch's slopes there.
DIFFERENT: dict[tuple[str, tuple[float, ...]], tuple[float, ...]] = {
    # 0 ** b is infinite for every b < 0: constant for us, the limit from a > 0 for them.
    ("power", (0.0, -1.0)): (-np.inf, -np.inf),
    ("hypot", (0.0, 0.0)): (np.nan, np.nan),
    ("logaddexp", (-np.inf, -np.inf)): (np.nan, np.nan),
    ("logaddexp", (np.inf, np.inf)): (np.nan, np.nan),
    ("lgamma", (-1.0,)): (np.nan,),
    ("digamma", (-1.0,)): ((np.pi / np.sin(np.pi)) ** 2,),  # a pole, rounded
}
# Their slope of digamma is a series of three terms, their 1/6 of hardsigmoid a float32.
THEIR_ERROR = {"digamma": 1e-9, "hardsigmoid": 1e-8}


def both(
    ours: Callable[..., Any], theirs: Callable[..., Any], *args: np.ndarray
) -> tuple[list[Any], list[Any]]:
    """Value and gradients of a sum against fixed weights, by fusegrad and by PyTorch."""
    mine = [leaf(a) for a in args]
    other = [torch.tensor(a, requires_grad=True) for a in args]
    y, z = ours(*mine), theirs(*other)
    weights = np.cos(np.arange(y.size)).reshape(y.shape)
    if y.requires_grad:
        (y * weights).sum().backward()
        (z * torch.tensor(weights)).sum().backward()
    gradients = [np.zeros(a.shape) if a.grad is None else a.grad.numpy() for a in mine]
    wanted = [torch.zeros_like(a) if a.grad is None else a.grad for a in other]
    return [y.numpy(), *gradients], [v.detach().numpy() for v in (z, *wanted)]


def test_every_row_is_compared_or_known_to_be_ours_alone() -> None:
    assert THEIRS.keys() | NOT_THEIRS == ROWS.keys()


@pytest.mark.parametrize("name", THEIRS)
def test_a_row_agrees_at_random_points(name: str) -> None:
    args = drawn(name, np.random.default_rng(11), 100)[: free(name)]
    for got, wanted in zip(*both(ROWS[name].function, THEIRS[name], *args)):
        assert error(got, wanted) <= THEIR_ERROR.get(name, TOLERANCE)


@pytest.mark.parametrize(
    ("name", "at", "slopes"),
    [k for k in KINKS if k[0] in THEIRS and is_at_defaults(k[0], k[1])],
)
def test_a_row_agrees_at_its_kinks(name: str, at: Any, slopes: Any) -> None:
    n = free(name)
    _, theirs = both(ROWS[name].function, THEIRS[name], *map(np.array, at[:n]))
    wanted = DIFFERENT.get((name, at), slopes)[:n]
    assert np.allclose(theirs[1:], wanted, rtol=TOLERANCE, atol=0, equal_nan=True)


def test_a_learned_slope_agrees_with_prelu() -> None:
    x, rate = drawn("leaky_relu", np.random.default_rng(11), 100)
    theirs = lambda x, rate: F.prelu(x[None], rate)[0]  # noqa: E731
    for got, wanted in zip(*both(fg.leaky_relu, theirs, x, rate)):
        assert error(got, wanted) <= TOLERANCE


# ---- structural ops -------------------------------------------------------------------------
PICKED, STARTS, LABELS = torch.tensor([2, 0, 2]), [0, 1, 1, 3], torch.tensor([1, 0, 3])
A, B = (3, 4), (2, 3, 4)
PAIRS: dict[str, list[tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]]] = {
    "reshape": [(lambda x: fg.reshape(x, (4, -1)), lambda x: x.reshape(4, -1), (A,))],
    "transpose": [
        (lambda x: fg.transpose(x, (2, 0, 1)), lambda x: x.permute(2, 0, 1), (B,)),
        (lambda x: x.mT, lambda x: x.mT, (B,)),
    ],
    "astype": [(lambda x: astype(x, np.float32), lambda x: x.float(), (A,))],
    "concat": [(lambda *x: fg.concat(x, -1), lambda *x: torch.cat(x, -1), (A, (3, 2)))],
    "stack": [(lambda *x: fg.stack(x, 1), lambda *x: torch.stack(x, 1), (A, A))],
    "getitem": [
        (lambda x: getitem(x, (slice(None), PICKED.numpy())), lambda x: x[:, PICKED], (A,)),
        (lambda x: x[..., 1:3], lambda x: x[..., 1:3], (B,)),
        (lambda x: x[x > 0], lambda x: x[x > 0], (A,)),
        (lambda x: x[None, 1], lambda x: x[None, 1], (A,)),
    ],
    "index_add": [(
        lambda x: apply(OPS["index_add"], x, index=PICKED.numpy(), shape=(5, 4)),
        lambda x: torch.zeros(5, 4, dtype=x.dtype).index_add(0, PICKED, x), (A,))],
    "segment_sum": [(
        lambda x: segment_sum(x, STARTS),
        lambda x: torch.segment_reduce(x, "sum", offsets=torch.tensor(STARTS), axis=0), (A,))],
    "sum": [
        (lambda x: fg.sum(x, (0, 2)), lambda x: x.sum((0, 2)), (B,)),
        (lambda x: fg.sum(x, -1, True), lambda x: x.sum(-1, True), (B,)),
    ],
    "mean": [
        (fg.mean, torch.mean, (B,)),
        (lambda x: fg.mean(x, (0, -1)), lambda x: x.mean((0, -1)), (B,)),
    ],
    "max": [
        (fg.max, torch.max, (B,)),
        (lambda x: fg.max(x, (0, 2)), lambda x: x.amax((0, 2)), (B,)),
        (lambda x: fg.max(x * 0.0, 0), lambda x: (x * 0.0).amax(0), (A,)),  # all tie
    ],
    "broadcast_to": [(lambda x: fg.broadcast_to(x, B), lambda x: x.broadcast_to(B), ((3, 1),))],
    "logsumexp": [(lambda x: fg.logsumexp(x, (0, 1)), lambda x: x.logsumexp((0, 1)), (B,))],
    "softmax": [(lambda x: fg.softmax(x, 1), lambda x: x.softmax(1), (B,))],
    "log_softmax": [(lambda x: fg.log_softmax(x, 0), lambda x: x.log_softmax(0), (B,))],
    "cross_entropy": [
        (lambda x, how=how: fg.cross_entropy(x, LABELS.numpy(), how),
         lambda x, how=how: F.cross_entropy(x, LABELS, reduction=how), (A,))
        for how in ("mean", "sum", "none")
    ],
    "matmul": [
        (fg.matmul, torch.matmul, shapes)
        for shapes in [(A, (4, 2)), ((4,), (4,)), (A, (4,)), ((3,), A), (B, (4, 2)),
                       ((5, 1, *A), (2, 4, 3)), ((4,), (2, 4, 3))]
    ],
    "to": [(lambda x: apply(OPS["to"], x, device="cpu", back="cpu"), torch.clone, (A,))],
    "identity": [(lambda x: apply(OPS["identity"], x), torch.clone, (A,))],
}  # fmt: skip
USES = [(op, *use) for op, uses in PAIRS.items() for use in uses]


def test_every_structural_op_is_compared_here_or_by_its_cases() -> None:
    by_cases = {op for op, known in OPERATIONS.items() if known.torch != HERE}
    assert PAIRS.keys() | by_cases == OPS.keys() - ROWS.keys()


@pytest.mark.parametrize(("op", "ours", "theirs", "shapes"), USES, ids=[u[0] for u in USES])
def test_a_structural_op_agrees(op: str, ours: Any, theirs: Any, shapes: Any) -> None:
    rng = np.random.default_rng(13)
    args = [rng.standard_normal(s) for s in shapes]
    for got, wanted in zip(*both(ours, theirs, *args)):
        assert error(got, wanted) <= TOLERANCE


inf = np.inf
EDGES: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any]] = {
    "max of ties": (fg.max, torch.amax, [1.0, 3.0, 3.0]),
    "max beside -inf": (fg.max, torch.amax, [-inf, 1.0, 0.0]),
    "max of inf": (fg.max, torch.amax, [inf, 1.0, inf]),
    "logsumexp beside -inf": (fg.logsumexp, lambda x: x.logsumexp(0), [-inf, 1.0, 0.0]),
    "logsumexp of large": (fg.logsumexp, lambda x: x.logsumexp(0), [1e3, 999.0]),
    "softmax beside -inf": (fg.softmax, lambda x: x.softmax(-1), [-inf, 1.0, 0.0]),
    "softmax of large": (fg.softmax, lambda x: x.softmax(-1), [1e4, -1e4, 1e4]),
    "log_softmax of large": (fg.log_softmax, lambda x: x.log_softmax(-1), [1e3, -1e3, 1e3]),
    "an empty sum": (fg.sum, torch.sum, np.zeros((0, 3))),
    "an empty mean": (fg.mean, torch.mean, np.zeros((0, 3))),
    "a product over nothing": (lambda x: x.T @ x, lambda x: x.T @ x, np.zeros((0, 3))),
}


@pytest.mark.parametrize("edge", EDGES)
def test_edges_agree(edge: str) -> None:
    ours, theirs, at = EDGES[edge]
    for got, wanted in zip(*both(ours, theirs, np.array(at))):
        assert np.allclose(got, wanted, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


def test_a_small_network_agrees_through_every_layer() -> None:
    rng = np.random.default_rng(17)
    x, labels = rng.standard_normal((8, 5)), rng.integers(0, 3, 8)
    weights = [rng.standard_normal(s) / 2 for s in [(5, 6), (6,), (6, 3), (3,)]]

    def ours(w1: Any, b1: Any, w2: Any, b2: Any) -> Tensor:
        return fg.cross_entropy(fg.gelu(x @ w1 + b1) @ w2 + b2, labels)

    def theirs(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        hidden = F.gelu(torch.tensor(x) @ w1 + b1)
        return F.cross_entropy(hidden @ w2 + b2, torch.tensor(labels))

    for got, wanted in zip(*both(ours, theirs, *weights)):
        assert error(got, wanted) <= TOLERANCE
