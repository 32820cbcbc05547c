"""`fg.trace`: a recorded pass is what happened, bit for bit, for every op, layer and fusion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine import OPS, ROWS
from fusegrad.microscope import trace
from fusegrad.microscope.passes import Source
from fusegrad.multimodal.fusion.catalogue import FUSIONS
from tests.layer_cases import CASES as LAYERS
from tests.layer_cases import outputs
from tests.trace_sample import agrees, grad_of, holds, leaf, same, values, watched, whole
from tools.op_errors import cases_of

RNG = np.random.default_rng
FLOATS = pytest.mark.parametrize("dtype", [np.float64, np.float32])


# ---- every op -------------------------------------------------------------------------------
@FLOATS
@pytest.mark.parametrize("name", sorted(OPS))
def test_contributions_of_an_op_add_up_to_the_gradient(name: str, dtype: Any) -> None:
    slopes = 0
    for case in cases_of(name):
        args = [
            fg.Tensor(a.astype(dtype), requires_grad=True, name=f"x{k}")
            if a.dtype.kind == "f"
            else a
            for k, a in enumerate(case.args)
        ]
        leaves = [a for a in args if isinstance(a, fg.Tensor)]
        seen = watched(lambda f=case.f, args=args: f(*args), leaves)
        for one in seen.passes:
            agrees(one, leaves)
            slopes += holds(one)
        assert seen.passes or all(p.grad is None for p in leaves)
    has_slope = name in ROWS and any(ROWS[name].op.vjps)
    assert not has_slope or slopes


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_contributions_of_a_layer_add_up_to_the_gradient(case: Any) -> None:
    layer = case.layer(case.modes[0])
    given = [
        fg.Tensor(x, requires_grad=True, name=f"x{k}")
        if isinstance(x, np.ndarray) and x.dtype.kind == "f"
        else x
        for k, x in enumerate(case.draw())
    ]
    with trace() as seen:
        found = [y for y in outputs(case.call(layer, *given)) if y.requires_grad]
        if found:
            sum((y * y).sum() for y in found).backward()  # type: ignore[union-attr]
    for one in seen.passes:
        holds(one)
        for name, p in layer.named_parameters():
            if p.grad is not None and p.size <= 1024:
                names = [x.name for x in one.leaves]
                known = name if name in names else p.name
                assert same(grad_of(one, known), whole(p.grad)), name
        agrees(one, [x for x in given if isinstance(x, fg.Tensor)])
    assert len(seen.passes) == bool(found)


@pytest.mark.parametrize("name", [name for name, row in FUSIONS.items() if not row.tokens])
def test_contributions_of_a_fusion_add_up_to_the_gradient(name: str) -> None:
    widths = {"a": 3, "b": 3}
    fusion = FUSIONS[name].make(widths, 4, RNG(1)).to(np.float64)
    x = {m: leaf(RNG(2).standard_normal((2, d)), m) for m, d in widths.items()}
    leaves = [*x.values(), *fusion.parameters()]
    seen = watched(lambda: fusion(x), leaves)
    (one,) = seen.passes
    holds(one)
    agrees(one, list(x.values()))
    for path, p in fusion.named_parameters():
        assert p.grad is None or same(grad_of(one, path), p.grad.numpy())


# ---- what is written down -------------------------------------------------------------------
def test_the_acceptance_example_ends_at_25_and_19() -> None:
    a, b = leaf(2.0, "a"), leaf(3.0, "b")
    with trace() as seen:
        c, d = a + b, a * b
        y = (c + d) + c * d
        y.backward()
    (one,) = seen.passes
    assert (grad_of(one, "a").item(), grad_of(one, "b").item()) == (25, 19)
    assert [op.op for op in one.ops] == ["add", "multiply", "add", "multiply", "add"]
    assert [values(op.value).item() for op in one.ops] == [5, 6, 11, 30, 41]
    assert one.ops[3].inputs == (("op", 0), ("op", 1)) and one.ops[3].names == ("a", "b")
    assert one.roots[0][0] == 4 and values(one.roots[0][1]).item() == 1
    assert [pull.op for pull in one.pulls] == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    got = one.contributions(Source("op", 0))
    assert [values(pull.contribution).item() for pull in got] == [6, 1]
    assert all("test_trace.py:" in op.place for op in one.ops)


def test_interior_gradients_are_those_of_grad() -> None:
    x = leaf([[0.5, -1.0], [2.0, 0.1]], "x")
    kept = []
    with trace() as seen:
        for f in (fg.tanh, fg.exp, lambda h: h * h, fg.softmax):
            kept.append(f(kept[-1] if kept else x))
            kept[-1].retain_grad()
        (kept[-1] * kept[0]).sum().backward()
    (one,) = seen.passes
    for h, number in zip(kept, (0, 1, 2, 3), strict=True):
        assert same(one.gradients()[Source("op", number)], h.grad.numpy())
    assert not one.changes


def test_names_scopes_constants_and_parameters_are_told() -> None:
    net = nn.Sequential(nn.Linear(2, 3, rng=RNG(0)), nn.Tanh(), nn.Linear(3, 1, rng=RNG(1)))
    net.requires_grad_(False)
    last = list(net.modules())[3]
    last.requires_grad_(True)
    with trace() as seen:
        net(fg.Tensor(np.ones((4, 2), np.float32))).sum(axis=0).sum().backward()
    (one,) = seen.passes
    assert {x.name for x in one.leaves} == {
        n for n, p in net.named_parameters() if p.requires_grad
    }
    assert one.ops[0].scope[0] == "Sequential" and len(one.ops[0].scope) == 2
    assert one.ops[-1].scope == () and one.ops[-2].params["axis"] == "(0,)"
    frozen = nn.Sequential(nn.Linear(1, 1, rng=RNG(0)))
    next(iter(frozen.parameters())).requires_grad_(False)
    with trace() as seen:
        frozen(leaf(np.ones((1, 1), np.float32))).sum().backward()
    assert seen.passes[0].constants[0].name == next(n for n, _ in frozen.named_parameters())


def test_large_arrays_are_summed_up_and_none_is_copied_whole() -> None:
    x = leaf(np.arange(200_000.0), "x")
    with trace() as seen:
        (x * 2.0).sum().backward()
    kept = seen.passes[0].ops[0].value
    assert kept.values is None and (kept.low, kept.high, kept.mean) == (0, 399_998, 199_999)
    assert np.isclose(kept.norm, np.linalg.norm(np.arange(200_000.0) * 2), rtol=1e-14)
    assert seen.passes[0].gradients() == {Source("op", 1): np.ones(())}


NUMBERS: list[tuple[Any, tuple[float, ...]]] = [
    ([1e308, 1e308], (1e308, 1e308, 1e308, 2**0.5 * 1e308, 0)),
    ([1e-320, 0.0], (0.0, 1e-320, 5e-321, 1e-320, 0)),
    ([np.nan, 3.0, -np.inf], (3.0, 3.0, 3.0, 3.0, 2)),
    ([True, False], (0.0, 1.0, 0.5, 1.0, 0)),
]


@pytest.mark.parametrize(("array", "wanted"), NUMBERS)
def test_what_sums_an_array_up_neither_overflows_nor_warns(array: Any, wanted: Any) -> None:
    from fusegrad.microscope.seen import seen

    x = seen(np.array(array))
    got = (x.low, x.high, x.mean, x.norm, x.not_finite)
    assert np.allclose(got, wanted, rtol=1e-15, atol=0)
    empty, all_nan = seen(np.zeros((0, 2))), seen(np.full(3, np.nan))
    assert np.isnan(empty.low) and empty.norm == 0 and empty.size == 0
    assert np.isnan(all_nan.mean) and all_nan.not_finite == 3


def test_sparse_gradients_are_seen_and_none_is_made_dense() -> None:
    small, large = (nn.Embedding(n, 2, sparse=True, rng=RNG(0)) for n in (4, 10_000))
    with trace() as seen:
        (small(np.array([1, 1, 3])) * 2.0).sum().backward()
    assert values(seen.passes[0].pulls[-1].contribution)[1].tolist() == [4.0, 4.0]
    with trace() as seen:
        large(np.array([1, 1, 3])).sum().backward()
    kept = seen.passes[0].pulls[-1].contribution
    assert kept.values is None and kept.shape == (10_000, 2)
    assert (kept.low, kept.high, kept.mean) == (0.0, 2.0, 6 / 20_000)


def test_of_a_long_graph_its_end_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """And of what went before, the vjps that there is room for."""
    from fusegrad.microscope import forward

    monkeypatch.setattr(forward, "MOST", 20)
    x = leaf([1.0], "x")
    for length in (15, 30, 100):
        x.grad = None
        with trace(graphs=2) as seen:
            h = x
            for _ in range(length):
                h = h * 1.5
            h.sum().backward()
            (x * 2.0).sum().backward()
        one, other = seen.passes
        assert len(one.ops) == min(20, length + 1) and one.ops[-1].op == "sum"
        assert one.ops[-2].value.values is not None and one.pulls[0].op == len(one.ops) - 1
        assert one.left_out <= length and (one.left_out > 0) == (length > 20)
        assert [op.op for op in other.ops[-2:]] == ["multiply", "sum"] and not other.left_out
        holds(one)


def test_a_module_that_is_shared_or_calls_itself_has_its_scope() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(2, 2, rng=RNG(0))
            self.again = self.layer

        def forward(self, x: Any, depth: int = 2) -> Any:
            return self(self.again(self.layer(x)), depth - 1) if depth else x

    net = Twice()
    with trace() as seen:
        net(fg.Tensor(np.ones((1, 2), np.float32))).sum().backward()
    (one,) = seen.passes
    scopes = [op.scope for op in one.ops if op.op == "linear"]
    assert scopes[0] == ("Twice", "layer") and scopes[-1] == ("Twice", "Twice", "layer")
    assert len({op.calls for op in one.ops if op.op == "linear"}) == 4
    assert {x.name for x in one.leaves} == {"layer.weight", "layer.bias"}
