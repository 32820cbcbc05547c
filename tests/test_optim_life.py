"""Groups, hooks, state and refusals of optimizers."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from tests.ops_sample import refused
from tests.optim_sample import CASES, leaf


def stepped(
    name: str, count: int, p: fg.Tensor, optimizer: optim.Optimizer, seed: int = 0
) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        p.grad = fg.Tensor(rng.standard_normal(p.shape), dtype=p.dtype)
        optimizer.step()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_resume_is_bit_exact_at_every_step(name: str, dtype: Any) -> None:
    case = CASES[name]
    for cut in range(4):
        p = leaf(1.0, (5,), dtype)
        optimizer = case.make([p], **case.settings)
        stepped(name, cut, p, optimizer)
        saved = pickle.loads(pickle.dumps(optimizer.state_dict()))
        q = fg.Tensor(p.detach(), requires_grad=True)
        resumed = case.make([q], **{**case.settings, "lr": 9.0})
        resumed.load_state_dict(saved)
        stepped(name, 3, p, optimizer, seed=1)
        stepped(name, 3, q, resumed, seed=1)
        assert np.array_equal(p.numpy(), q.numpy())
        assert resumed.param_groups[0]["lr"] == case.settings["lr"]


def test_state_dict_is_a_copy() -> None:
    p = leaf(1.0)
    optimizer = optim.Adam([p])
    stepped("adam", 1, p, optimizer)
    saved = optimizer.state_dict()
    before = copy.deepcopy(saved["state"][0]["m"])
    stepped("adam", 1, p, optimizer)
    assert np.array_equal(saved["state"][0]["m"], before)


def test_each_parameter_counts_its_own_steps() -> None:
    early, late = leaf(1.0), leaf(1.0)
    optimizer = optim.Adam([early, late])
    stepped("adam", 2, early, optimizer)
    early.grad = late.grad = fg.Tensor([1.0])
    optimizer.step()
    assert (optimizer.state[early]["step"], optimizer.state[late]["step"]) == (3, 1)
    assert late.numpy()[0] == pytest.approx(1 - 1e-3)  # a first step is lr, corrected as t = 1


def test_the_step_counter_passes_two_to_the_24th() -> None:
    p = leaf(1.0)
    optimizer = optim.Adam([p])
    stepped("adam", 1, p, optimizer)
    optimizer.state[p]["step"] = 2**24
    stepped("adam", 1, p, optimizer)
    assert optimizer.state[p]["step"] == 2**24 + 1


def test_hooks_see_the_parameters_before_and_after() -> None:
    p, seen = leaf(1.0), []
    optimizer = optim.SGD([p], lr=0.5)
    remove = optimizer.register_step_pre_hook(lambda o: seen.append(float(p)))
    optimizer.register_step_post_hook(lambda o: seen.append(float(p)))
    p.grad = fg.Tensor([1.0])
    optimizer.step()
    remove()
    optimizer.step()
    assert seen == [1.0, 0.5, 0.0]


def test_closure_zero_grad_and_groups() -> None:
    p, q = leaf(2.0), leaf(2.0)
    optimizer = optim.SGD([{"params": [p]}, {"params": [q], "lr": 0.0}], lr=0.1)

    def closure() -> fg.Tensor:
        optimizer.zero_grad()
        loss = (p * p + q * q).sum()
        loss.backward()
        return loss

    assert float(optimizer.step(closure)) == 8.0
    assert float(p) == pytest.approx(1.6) and float(q) == 2.0
    optimizer.zero_grad(set_to_none=False)
    assert float(p.grad) == 0.0
    optimizer.zero_grad()
    assert p.grad is None and q.grad is None


def test_named_parameters_are_taken() -> None:
    p = leaf(1.0)
    assert optim.Adam([("weight", p)]).param_groups[0]["params"] == [p]


def test_a_step_between_forward_and_backward_is_refused() -> None:
    p = leaf(3.0)
    loss = (p * p).sum()
    p.grad = fg.Tensor([1.0])
    optim.SGD([p]).step()
    text = (
        "backward of multiply (HERE): expected the value of theta (HERE) that the forward pass "
        "saw, got one changed 1 time(s) since; call backward before the update, or run forward "
        "again"
    )
    with refused(fg.GraphError, text):
        loss.backward()


BAD = [
    (optim.Adam, {"lr": -1.0}, r"Adam: expected 0 <= lr < inf, got lr=-1.0; give a value"),
    (optim.Adam, {"lr": float("nan")}, "Adam: expected 0 <= lr < inf, got lr=nan"),
    (optim.Adam, {"lr": "0.1"}, "Adam: expected 0 <= lr < inf, got lr='0.1'"),
    (optim.Adam, {"betas": (0.9, 1.0)}, r"two numbers, 0 <= beta < 1, got betas=\(0.9, 1.0\)"),
    (optim.Adam, {"betas": 0.9}, "two numbers, 0 <= beta < 1, got betas=0.9"),
    (optim.AdaMax, {"betas": (-0.1, 0.9)}, r"AdaMax: .*got betas=\(-0.1, 0.9\)"),
    (optim.Adam, {"eps": -1e-8}, "Adam: expected 0 <= eps < inf, got eps=-1e-08"),
    (
        optim.AdamEpsHat,
        {"eps_hat": float("inf")},
        "expected 0 <= eps_hat < inf, got eps_hat=inf",
    ),
    (optim.RMSProp, {"alpha": 1.0}, "RMSProp: expected 0 <= alpha < 1, got alpha=1.0"),
    (optim.SGD, {"momentum": 1.5}, "SGD: expected 0 <= momentum < 1, got momentum=1.5"),
    (
        optim.SGD,
        {"nesterov": True},
        "SGD: expected momentum > 0 for Nesterov's form, got momentum=0.0; set momentum, for ",
    ),
]


@pytest.mark.parametrize(("make", "settings", "text"), BAD)
def test_settings_outside_their_range_are_refused(make: Any, settings: Any, text: str) -> None:
    with pytest.raises(fg.OptionError, match=text):
        make([leaf(1.0)], **settings)


THETA = leaf(1.0)
BAD_PARAMETERS = [
    ([], fg.OptionError, r"Adam: expected at least one parameter, got none; pass mod"),
    ([fg.Tensor([1.0])], fg.DTypeError, "Adam: expected leaves that require a gradient"),
    ([THETA * 2.0], fg.DTypeError, "leaves that require a gradient, got Tensor.*op=multiply"),
    ([THETA, THETA], fg.OptionError, "each parameter once, got theta twice; remove one"),
    ([{"params": [THETA], "momentum": 0.9}], fg.OptionError,
     "Adam: expected settings among lr, betas, eps, weight_decay, got momentum; remove or "),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "error", "text"), BAD_PARAMETERS)
def test_what_cannot_be_trained_is_refused(parameters: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        optim.Adam(parameters)


def test_a_gradient_of_another_shape_is_refused_and_nothing_moves() -> None:
    p, q = leaf(1.0), leaf(1.0, (2,))
    optimizer = optim.Adam([{"params": [p]}, {"params": [q]}])  # the fault is in the second
    p.grad, q.grad = fg.Tensor([1.0]), fg.Tensor([1.0])
    with pytest.raises(
        fg.ShapeError,
        match=r"Adam: expected a gradient of shape \(2,\), got "
        r"\(1,\); let backward fill grad",
    ):
        optimizer.step()
    assert p.numpy()[0] == 1.0


STATES = [
    (
        lambda s: s["param_groups"][0]["params"].append(1),
        fg.OptionError,
        r"Adam.load_state_dict: expected groups of \[1\] parameters, got \[2\]; build the",
    ),
    (
        lambda s: s["state"][0].pop("v"),
        fg.OptionError,
        r"expected state \['m', 'step', 'v'\], got \['m', 'step'\]; load a state of the same",
    ),
    (
        lambda s: s["state"][0].update(m=np.zeros(3)),
        fg.ShapeError,
        r"expected m of shape \(1,\), got \(3,\); load the same network's state",
    ),
    (lambda s: s["param_groups"][0].update(lr=-1), fg.OptionError, "0 <= lr < inf, got lr=-1"),
]


@pytest.mark.parametrize(("spoil", "error", "text"), STATES)
def test_a_spoilt_state_is_refused_and_changes_nothing(
    spoil: Any, error: Any, text: str
) -> None:
    p = leaf(1.0)
    optimizer = optim.Adam([p])
    stepped("adam", 2, p, optimizer)
    before, bad = optimizer.state_dict(), optimizer.state_dict()
    spoil(bad)
    with pytest.raises(error, match=text):
        optimizer.load_state_dict(bad)
    after = optimizer.state_dict()
    assert np.array_equal(after["state"][0]["m"], before["state"][0]["m"])
    assert after["param_groups"] == before["param_groups"]


def test_repr_shows_settings_and_age() -> None:
    p = leaf(1.0)
    optimizer = optim.Adam([p])
    stepped("adam", 3, p, optimizer)
    assert repr(optimizer) == (
        "Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, t=3, parameters=1)"
    )
