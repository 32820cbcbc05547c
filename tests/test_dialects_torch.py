"""Beside PyTorch: every dialect that says so computes the same steps and states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine.sparse import SparseRows
from fusegrad.optim.dialects import DIALECTS
from fusegrad.optim.schedules import InverseTime, at
from fusegrad.optim.torch_names import NAMES
from tests import dialects_sample as sample

torch = pytest.importorskip("torch", reason="PyTorch is not installed; nothing to compare with")


@contextmanager
def double() -> Iterator[None]:
    """float64 where PyTorch takes its default dtype, as for NAdam's product of mu."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def follow(
    make: Callable[..., Any], settings: Mapping[str, Any], decay: float
) -> sample.Numbers:
    """theta and all states of PyTorch's optimizer after every step."""
    p = torch.nn.Parameter(torch.tensor(sample.THETA))
    known = {**settings, **({"weight_decay": decay} if decay else {})}
    optimizer, path = make([p], **{word: at(value, 1) for word, value in known.items()}), []
    for t, g in enumerate(sample.GRADIENTS, 1):
        if "lr" in known:
            optimizer.param_groups[0]["lr"] = at(known["lr"], t)
        p.grad = torch.tensor(g)
        optimizer.step()
        states = {n: x.numpy().copy() for n, x in optimizer.state[p].items() if x is not None}
        path.append({"theta": p.detach().numpy().copy(), **states})
    return sample.stacked(path)


@cache
def theirs() -> dict[str, sample.Numbers]:
    with double():
        return sample.followed("torch", follow)


@pytest.mark.parametrize(("algorithm", "kind"), sample.cases("torch"))
def test_steps_and_states_agree(algorithm: str, kind: str) -> None:
    got, want = sample.ours("torch", algorithm, kind), theirs()[f"{algorithm} {kind}"]
    names = {"theta": "theta", **NAMES[DIALECTS[algorithm, "torch"].update.program.name]}
    assert set(want) - {"step"} == set(names.values())
    for name, there in names.items():
        assert sample.apart(got[name], want[there]) <= sample.TOLERANCE, name


@pytest.mark.parametrize("algorithm", sample.rows("torch"))
def test_settings_not_given_are_pytorchs(algorithm: str) -> None:
    sample.check_defaults("torch", algorithm, sample.signatures("torch")[algorithm])
    group = sample.LIBRARIES["torch"].function(algorithm)([torch.zeros(1)]).param_groups[0]
    sample.check_defaults("torch", algorithm, group)


def test_decay_of_the_step_size_in_adagrad_is_a_schedule() -> None:
    make = partial(torch.optim.Adagrad, lr=0.125, lr_decay=0.0625, eps=2**-10)
    p, path = fg.Tensor(sample.THETA, requires_grad=True), []
    ours = optim.Adagrad([p], lr=InverseTime(0.125, rate=0.0625), eps=2**-10)
    for g in sample.GRADIENTS:
        p.grad = fg.Tensor(g)
        ours.step()
        path.append(p.numpy().copy())
    assert sample.apart(path, follow(make, {}, 0.0)["theta"]) <= sample.TOLERANCE


class LazyEpsHat(optim.AdamEpsHat):
    """LazyAdam in the efficient ordering."""

    row_by_row = True


def test_pytorchs_sparse_adam_is_lazy_adam_in_the_efficient_ordering() -> None:
    rng, theta = np.random.default_rng(7), np.ones((5, 2))
    lazy, hat = (fg.Tensor(theta, requires_grad=True) for _ in range(2))
    q, path = torch.nn.Parameter(torch.tensor(theta)), []
    both = [optim.LazyAdam([lazy], lr=2**-6, eps=0.1), LazyEpsHat([hat], lr=2**-6, eps_hat=0.1)]
    theirs = torch.optim.SparseAdam([q], lr=2**-6, eps=0.1)
    for _ in range(sample.STEPS):
        rows, g = rng.choice(5, 2, replace=False), rng.standard_normal((2, 2))
        lazy.grad = hat.grad = SparseRows(rows, g, theta.shape)
        q.grad = torch.sparse_coo_tensor(rows[None], g, theta.shape, check_invariants=True)
        for optimizer in (*both, theirs):
            optimizer.step()
        path.append([p.detach().numpy().copy() for p in (lazy, hat, q)])
    lazily, in_order, want = zip(*path)
    assert sample.apart(in_order, want) <= sample.TOLERANCE
    assert sample.apart(lazily, want) > 0.01  # eps is another number there


def test_pytorch_is_as_it_was() -> None:
    theirs()
    assert torch.get_default_dtype() == torch.float32
