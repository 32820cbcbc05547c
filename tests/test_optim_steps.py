"""Which parameters a step moves, of which shapes and dtypes, by which settings; and what stays
when a step is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine.sparse import SparseRows
from fusegrad.kernels.update import NUMBA_FROM
from fusegrad.optim.schedules import Schedule
from tests.ops_sample import refused
from tests.optim_sample import CASES, leaf
from tests.test_optim_memory import flat, given, stepped


# ---- what moves -----------------------------------------------------------------------------
@pytest.mark.parametrize("name", CASES)
def test_frozen_parameters_and_those_without_a_gradient_stay(name: str) -> None:
    case = CASES[name]
    alone, moved, frozen, unseen = (leaf(1.0, (3,)) for _ in range(4))
    mine = case.make([frozen, moved, unseen], **{**case.settings, "weight_decay": 0.1})
    other = case.make([alone], **{**case.settings, "weight_decay": 0.1})
    stepped(mine, 0)
    stepped(other, 0)
    frozen.requires_grad_(False)
    before = frozen.numpy().tobytes(), unseen.numpy().tobytes(), frozen.version
    for seed in (1, 2):
        for p in (alone, moved, frozen):
            given(p, seed)
        unseen.grad = None
        mine.step()
        other.step()
    assert before == (frozen.numpy().tobytes(), unseen.numpy().tobytes(), frozen.version)
    assert [mine.state[p]["step"] for p in (frozen, moved, unseen)] == [1, 3, 1]
    assert np.array_equal(moved, alone)
    frozen.requires_grad_(True)
    mine.step()
    assert mine.state[frozen]["step"] == 2


@pytest.mark.parametrize("name", CASES)
def test_every_shape_and_layout_moves_as_one_vector(name: str) -> None:
    case, rng = CASES[name], np.random.default_rng(0)
    arrays = [
        rng.standard_normal(()),
        rng.standard_normal((0, 3)),
        rng.standard_normal((3, 4)).T,
        np.asfortranarray(rng.standard_normal((2, 3, 2))),
        rng.standard_normal((6, 4))[::2, ::-1],
    ]
    parts = [fg.Tensor(a, requires_grad=True) for a in arrays]
    line = fg.Tensor(np.concatenate([a.ravel() for a in arrays]), requires_grad=True)
    mine, other = case.make(parts, **case.settings), case.make([line], **case.settings)
    for _ in range(3):
        for p in parts:
            p.grad = fg.Tensor(rng.standard_normal(p.shape[::-1]).T)
        line.grad = fg.concat([p.grad.reshape(-1) for p in parts])
        mine.step()
        other.step()
    assert np.array_equal(np.concatenate([p.numpy().ravel() for p in parts]), line)
    assert all(np.shape(mine.state[p][n]) == p.shape for p in parts for n in mine.state_names)


@pytest.mark.parametrize("dtypes", [("f4", "f8"), ("f8", "f4"), ("f4", "f2"), ("f2", "i8")])
def test_a_gradient_of_another_dtype_is_converted(dtypes: tuple[str, str]) -> None:
    own, other = dtypes
    g = np.array([1.0, -2.0, 3.0], other)
    p, q = leaf(1.0, (3,), np.dtype(own)), leaf(1.0, (3,), np.dtype(own))
    p.grad, q.grad = fg.Tensor(g), fg.Tensor(g.astype(own))
    for x in (p, q):
        optim.Adam([x]).step()
    assert p.dtype == own and np.array_equal(p, q) and p.grad.dtype == other


def test_a_gradient_that_is_the_parameter_itself() -> None:
    for size in (3, NUMBA_FROM):
        p = leaf(2.0, (size,))
        p.grad = p.detach()  # in the same memory
        optim.SGD([p], lr=0.25).step()
        assert (p.numpy() == 1.5).all()


def test_a_parameter_stays_locked_and_its_gradient_what_it_was() -> None:
    p = leaf(2.0, (3,))
    p.grad = g = fg.Tensor([1.0, 2.0, 3.0])
    optim.Adam([p], weight_decay=0.5).step()
    assert p.grad is g and g.numpy().tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        p.data[0] = 1.0


# ---- settings -------------------------------------------------------------------------------
def test_weight_decay_is_a_groups_own() -> None:
    p, q, r = leaf(1.0), leaf(1.0), leaf(1.0)
    groups = [{"params": [p]}, {"params": [q], "weight_decay": 0}, {"params": [r], "lr": 0.0}]
    optimizer, launches = optim.SGD(groups, lr=0.5, weight_decay=0.25), []
    for x in (p, q, r):
        x.grad = fg.Tensor([1.0])
    with fg.observe(lambda kernel, *_: launches.append(kernel.name)):
        optimizer.step()
    assert (float(p), float(q), float(r)) == (1 - 0.5 * 1.25, 0.5, 1.0)
    assert [n for n in launches if "sgd" in n] == ["sgd_decayed", "sgd", "sgd_decayed"]


@pytest.mark.parametrize("name", [n for n in CASES if "lam" not in CASES[n].letters])
def test_coupled_decay_is_a_gradient_of_the_square(name: str) -> None:
    case = CASES[name]
    p, q = (fg.Tensor([2.0, -2.0, 0.5, -1.0], requires_grad=True) for _ in range(2))
    mine = case.make([p], **case.settings, weight_decay=0.125)
    other = case.make([q], **case.settings)
    for seed in range(4):
        given(p, seed)
        q.grad = p.grad + 0.125 * q.detach()
        mine.step()
        other.step()
    assert np.array_equal(p, q)


@dataclass(frozen=True)
class Late(Schedule):
    """A good value until a step, and a bad one from then on."""

    good: float
    bad: float
    until: int

    def __call__(self, t: int) -> float:
        return self.good if t < self.until else self.bad


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize(
    ("word", "good", "bad", "text"),
    [
        ("lr", 0.1, -0.5, "0 <= lr < inf, got lr={} at t=3"),
        ("lr", 0.1, float("nan"), "0 <= lr < inf, got lr={} at t=3"),
        ("eps", 0.1, float("inf"), "0 <= eps < inf, got eps={} at t=3"),
        ("weight_decay", 0.1, -1, "0 <= weight_decay < inf, got weight_decay={} at t=3"),
    ],
)
def test_a_setting_that_leaves_its_range_is_refused_before_anything_moves(
    word: str, good: float, bad: float, text: str, skip: bool
) -> None:
    setting, p, q = Late(good, bad, 3), leaf(1.0), leaf(1.0, (2,))
    groups = [{"params": [p]}, {"params": [q], word: setting}]
    optimizer = optim.Adam(groups, skip_non_finite=skip)
    stepped(optimizer, 0, 1)
    before = flat(optimizer)
    with refused(
        fg.OptionError, f"Adam: expected {text.format(setting)}; give a value in the range"
    ):
        stepped(optimizer, 2)
    assert flat(optimizer) == before and optimizer.skipped == 0


@pytest.mark.parametrize("flag", [True, False])
def test_what_chooses_the_rule_is_no_groups_own(flag: bool) -> None:
    p = leaf(1.0)
    groups = [{"params": [p], "nesterov": not flag}]
    text = f"expected nesterov={flag} in every group, got nesterov={not flag}; it chooses the "
    with refused(fg.OptionError, f"SGD: {text}rule: build another"):
        optim.SGD(groups, momentum=0.5, nesterov=flag)
    optimizer = optim.SGD([p], momentum=0.5, nesterov=flag)
    other = optim.SGD([leaf(1.0)], momentum=0.5, nesterov=not flag).state_dict()
    with refused(fg.OptionError, f"SGD.load_state_dict: {text}rule: build another"):
        optimizer.load_state_dict(other)


# ---- hooks ----------------------------------------------------------------------------------
WRONG: list[tuple[Any, type[Exception], str]] = [
    (fg.Tensor([1.0]), fg.ShapeError,
     "a gradient of shape (2,), got (1,); let backward fill grad"),
    (SparseRows([0], [1.0], (2,)), fg.OptionError,
     "a dense gradient, since every row moves or fades at every step, got SparseRows; pass "
     "gradient.dense(), or take SGD, Adagrad or LazyAdam without weight decay"),
    (np.ones(2), fg.DTypeError,
     "a Tensor or SparseRows as gradient, got ndarray; set grad = Tensor(...)"),
]  # fmt: skip


def test_gradients_are_checked_as_hooks_leave_them() -> None:
    p, q = leaf(1.0), leaf(1.0, (2,))
    optimizer = optim.Adam([p, q])
    for g, kind, text in WRONG:
        remove = optimizer.register_step_pre_hook(lambda _, g=g: setattr(q, "grad", g))
        given(p, 0)
        given(q, 0)
        with refused(kind, f"Adam: expected {text}"):
            optimizer.step()
        assert p.numpy().tolist() == [1] and not optimizer.state
        remove()
    optimizer.register_step_pre_hook(lambda _: setattr(q, "grad", fg.Tensor([1.0, 1.0])))
    optimizer.step()
    assert q.numpy().tolist() == pytest.approx([1 - 1e-3] * 2)


def test_a_hook_may_remove_itself_and_an_error_in_one_moves_nothing() -> None:
    p, seen = leaf(1.0), []
    optimizer = optim.SGD([p], lr=0.5)

    def once(_: Any) -> None:
        seen.append(float(p))
        remove()

    remove = optimizer.register_step_post_hook(once)
    stepped(optimizer, 0, 1)
    assert len(seen) == 1
    optimizer.register_step_pre_hook(lambda _: 1 / 0)
    before = flat(optimizer)
    with pytest.raises(ZeroDivisionError):
        stepped(optimizer, 2)
    assert flat(optimizer) == before
