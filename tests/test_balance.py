"""What every method of balance keeps to: any fusion, any presence, and a true bill."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import optim
from fusegrad.multimodal import balance
from fusegrad.multimodal.balance import METHODS
from tests.balance_sample import FUSIONS, LABELS, agree, grads, inputs, made, network, taken

PARTIAL = np.array([False, True, True, False, True, False])
NOBODY = np.zeros(6, bool)


def situations(names: str) -> list[tuple[dict[str, Any], Any, set[str]]]:
    """Inputs, masks, and the modalities in the batch."""
    x, last = inputs(names), names[-1]
    found: list[tuple[dict[str, Any], Any, set[str]]] = [(x, None, set(names))]
    if len(names) > 1:
        broken = {**x, last: np.where(PARTIAL[:, None], x[last], np.nan)}
        rest = {n: x[n] for n in names[:-1]}
        found += [
            (broken, {last: PARTIAL}, set(names)),
            ({**x, last: x[last] * np.nan}, {last: NOBODY}, set(names[:-1])),
            (rest, None, set(names[:-1])),
        ]
    return found


def bill(name: str, source: str, count: int, moves: bool) -> tuple[int, int]:
    """The passes of one step with `count` modalities in the batch, as the docstrings say;
    `moves`: whether features have a gradient."""
    heard = count if source == "absent" else 0
    return {
        "joint": (1, 1),
        "unimodal": (1 + heard, 1),
        "ogm": (1 + heard, 1),
        "ogm-ge": (1 + heard, 1),
        "agm": (2**count, 1),
        "pmr": (1, 1),
        "mmpareto": (1 + heard, 1 + count),
        "cggm": (1 + heard, 3 if count > 1 and moves else 1),
        "blending": (1 + heard, 1),
    }[name]


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("name", METHODS)
def test_a_method_works_for_any_fusion_and_presence(name: str, fusion: str) -> None:
    for count in (1, 2, 3):
        names = "abc"[:count]
        for x, here, there in situations(names):
            net, method = network(fusion, names), made(name)
            for steps in (1, 2):
                found, step = taken(method, net, x, LABELS, here)
                assert all(np.isfinite(g).all() for g in found.values())
                for lost in set(names) - there:
                    assert not any(
                        g.any() for k, g in found.items() if f"branches.{lost}." in k
                    )
                forward, backward = bill(name, step.logits, len(there), fusion != "early")
                want = balance.Passes(steps, steps * forward, steps * backward)
                assert method.passes == want
                assert method.passes.extra == forward + backward - 2
            assert step.logits in {"", "heads", "probe", "absent"}
            if fusion == "early" and name not in {"joint", "pmr"}:
                assert step.logits == "absent"


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("name", METHODS)
def test_what_is_missing_leaves_no_trace(name: str, fusion: str) -> None:
    """Input in rows without the modality changes no gradient and no coefficient."""
    results = []
    for filler in (0.0, 7.0):
        net, method, x = network(fusion, "abc"), made(name), inputs("abc")
        x["c"] = np.where(PARTIAL[:, None], x["c"], filler)
        taken(method, net, x, LABELS, {"c": PARTIAL})
        results.append(taken(method, net, x, LABELS, {"c": PARTIAL}))
    (first, one), (second, two) = results
    agree(first, second, 0.0)
    assert one.weight == two.weight


@pytest.mark.parametrize("name", METHODS)
def test_a_batch_of_one_and_a_batch_of_nobody(name: str) -> None:
    net, method = network("concat"), made(name)
    for _ in range(2):
        found, _ = taken(method, net, inputs(rows=1), LABELS[:1])
        assert all(np.isfinite(g).all() for g in found.values())
    gone = dict.fromkeys("ab", NOBODY)
    found, step = taken(method, net, inputs(), LABELS, gone)
    assert all(np.isfinite(g).all() for g in found.values()) and not step.unimodal
    assert found["head.bias"].any() and not found["branches.a.0.weight"].any()


@pytest.mark.parametrize("name", ["ogm", "agm", "cggm", "pmr"])
def test_a_modality_alone_is_trained_as_ever(name: str) -> None:
    net, x = network("concat", "a", heads=False), inputs("a")
    plain, _ = taken(balance.Joint(), net, x, LABELS)
    method = made(name)
    for _ in range(2):
        found, step = taken(method, net, x, LABELS)
        agree(found, plain, 0.0)
    assert step.weight == {"a": 0.0 if name == "pmr" else 1.0}


@pytest.mark.parametrize("name", METHODS)
def test_gradients_add_to_those_of_earlier_steps(name: str) -> None:
    net, x = network("hybrid"), inputs()
    alone, _ = taken(made(name), net, x, LABELS)
    for p in net.parameters():
        p.grad = fg.Tensor(np.full(p.shape, 2.0))
    made(name).backward(net, x, LABELS)
    agree(grads(net), {n: g + 2 for n, g in alone.items()}, 1e-14)


@pytest.mark.parametrize("name", METHODS)
def test_a_step_that_fails_changes_nothing(name: str) -> None:
    net, x, method = network("concat"), inputs(), made(name)
    taken(method, net, x, LABELS)
    before, passes, kept = method.state_dict(), replace(method.passes), grads(net)

    def broken(logits: fg.Tensor, target: Any) -> fg.Tensor:
        def fail(_: fg.Tensor) -> None:
            raise ZeroDivisionError

        loss = fg.cross_entropy(logits, target)
        loss.register_hook(fail)
        return loss

    for criterion, y in ((fg.cross_entropy, LABELS + 1), (broken, LABELS)):
        method.criterion = criterion
        with pytest.raises((ZeroDivisionError, fg.OptionError)):
            method.backward(net, x, y)
        agree(grads(net), kept, 0.0)
        assert method.passes == passes
        after = method.state_dict()
        assert after.keys() == before.keys()
        assert all(np.array_equal(after[k], before[k]) for k in before)


def trained(method: balance.Method, net: mm.Multimodal, seeds: range) -> None:
    optimizer = optim.SGD(net.parameters(), lr=0.5)
    for seed in seeds:
        optimizer.zero_grad()
        method.backward(net, inputs(seed=seed), LABELS)
        optimizer.step()


@pytest.mark.parametrize("name", METHODS)
def test_a_state_continues_to_the_bit(name: str) -> None:
    """A new method with the state of an old one trains on as that would have."""
    net, method = network("concat"), made(name)
    if name == "blending":
        method.set_weights({"a": 3.0, "b": 1.0, "fused": 2.0})
    trained(method, net, range(3))
    other, copy = network("concat", seed=9), made(name)
    other.load_state_dict(net.state_dict())
    copy.load_state_dict(method.state_dict())
    if name == "ogm-ge":
        copy.rng.bit_generator.state = method.rng.bit_generator.state
    trained(method, net, range(3, 6))
    trained(copy, other, range(3, 6))
    for k, p in net.state_dict().items():
        assert np.array_equal(p, other.state_dict()[k]), k
    ours = method.state_dict()
    assert ours.keys() == copy.state_dict().keys()
    assert all(np.array_equal(ours[k], x) for k, x in copy.state_dict().items())
    assert bool(ours) == (name in {"agm", "pmr", "cggm", "blending"})


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    method = made("agm")
    taken(method, network(), inputs(), LABELS)
    before = method.state_dict()
    with pytest.raises(fg.OptionError, match=r"load_state_dict: expected the names of this"):
        method.load_state_dict({"memory.mean.a": np.array(1.0), "weight": np.array(1.0)})
    with pytest.raises(fg.DTypeError, match=r"load_state_dict: expected a state, arrays"):
        method.load_state_dict([1.0])  # type: ignore[arg-type]
    assert method.state_dict() == before
    method.load_state_dict({})  # what a method at its start remembers
    assert not method.memory


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("name", METHODS)
def test_float32_stays_float32(name: str, fusion: str) -> None:
    net, method = network(fusion).to(np.float32), made(name)
    x = {n: v.astype(np.float32) for n, v in inputs().items()}
    for _ in range(2):
        net.zero_grad()
        step = method.backward(net, x, LABELS, {"b": PARTIAL})
        dtypes = {p.grad.dtype for p in net.parameters() if p.grad is not None}
        assert dtypes == {np.dtype(np.float32)} == {step.loss.dtype}


@pytest.mark.parametrize("name", METHODS)
def test_labels_may_be_a_list_or_a_tensor(name: str) -> None:
    net, x, here = network("concat"), inputs(), {"b": PARTIAL}
    want, _ = taken(made(name), net, x, LABELS, here)
    for labels in (LABELS.tolist(), fg.Tensor(LABELS)):
        agree(taken(made(name), net, x, labels, here)[0], want, 0.0)
