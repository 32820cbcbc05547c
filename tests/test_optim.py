"""The optimizer table: every rule against an independent transcription of its paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels import Update
from tests.optim_sample import CASES, PAPERS, STREAM, leaf, relative, run
from tests.oracles import papers
from tests.oracles.fixtures import FIXTURES, FIXTURES_MORE, GRADIENTS, THETA
from tests.readers_sample import UPDATES

# A step of at most twenty roundings, each within half an ulp of float64 (1.1e-16).
STEP_TOLERANCE = 1e-14
# Fixtures show 20 digits; five steps of the same roundings, on numbers near 1.
FIXTURE_TOLERANCE = 5e-16 * 5
ALL = {**FIXTURES, **FIXTURES_MORE}


def test_every_optimizer_and_every_rule_has_a_case() -> None:
    public = [getattr(optim, name) for name in optim.__all__]
    classes = {c for c in public if isinstance(c, type) and issubclass(c, optim.Optimizer)}
    alone = {optim.Optimizer, optim.VSGD}  # the base; and what measures more than a gradient
    assert classes - alone == {case.make for case in PAPERS.values()}
    rules = {case.make([leaf(1.0)], **case.settings).update.name for case in CASES.values()}
    assert set(UPDATES) - {"vsgd"} == rules


@pytest.mark.parametrize("reader", ["numpy", "numba"])
@pytest.mark.parametrize("name", CASES)
def test_steps_agree_with_fifty_digits(name: str, reader: str) -> None:
    case = CASES[name]
    p = leaf(1.0)
    optimizer = case.make([p], **case.settings)
    optimizer.update = Update(optimizer.update.rule, reader=reader)
    steps = case.oracle(1, list(STREAM), **case.letters)
    for got, want in zip(run(optimizer, p, STREAM), steps, strict=True):
        assert relative(got[0], want.theta) <= STEP_TOLERANCE


@pytest.mark.parametrize("name", CASES)
def test_states_agree_with_fifty_digits(name: str) -> None:
    case = CASES[name]
    p = leaf(1.0)
    optimizer = case.make([p], **case.settings)
    run(optimizer, p, STREAM)
    last = case.oracle(1, list(STREAM), **case.letters)[-1]
    assert set(last.state) == {*optimizer.state_names, *optimizer.host_names}
    for state_name, want in last.state.items():
        got = np.ravel(optimizer.state[p][state_name])[0]
        assert relative(got, want) <= STEP_TOLERANCE


# fixture of the paper's recursions -> optimizer and its settings
MADE = {
    "adam": lambda p: optim.Adam(p),
    "adam_large_eps": lambda p: optim.Adam(p, eps=0.1),
    "adam_efficient": lambda p: optim.AdamEpsHat(p),
    "adam_efficient_large_eps": lambda p: optim.AdamEpsHat(p, eps_hat=0.1),
    "adamax": lambda p: optim.AdaMax(p),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1),
    "rmsprop": lambda p: optim.RMSProp(p),
    "rmsprop_eps_inside": lambda p: optim.dialect("rmsprop", "keras")(p, lr=0.01, eps=1e-8),
    "rmsprop_centred": lambda p: optim.RMSPropCentred(p),
    "amsgrad": lambda p: optim.AMSGrad(p),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
}


@pytest.mark.parametrize("name", MADE)
def test_published_trajectories_hold(name: str) -> None:
    p = leaf(float(THETA))
    got = run(MADE[name]([p]), p, [float(g) for g in GRADIENTS])
    for value, want in zip(got, ALL[name].thetas, strict=True):
        assert abs(papers.MP.mpf(float(value[0])) - papers.MP.mpf(want)) <= FIXTURE_TOLERANCE


def test_every_fixture_has_an_optimizer() -> None:
    assert set(ALL) == set(MADE)


@pytest.mark.parametrize("name", CASES)
def test_zero_gradient_and_no_gradient_do_not_move(name: str) -> None:
    case = CASES[name]
    off = ("eps", "eps_hat", "weight_decay") if name != "adadelta" else ()
    settings = {**case.settings, **{k: 0.0 for k in off if k in case.settings}}
    moved, still, unseen = leaf(1.0), leaf(1.0), leaf(1.0)
    optimizer = case.make([moved, still, unseen], **settings)
    moved.grad, still.grad = fg.Tensor([1.0]), fg.Tensor([0.0])
    optimizer.step()  # eps is 0: the step of `still` is 0/0
    assert moved.numpy()[0] != 1 and still.numpy()[0] == 1 and unseen.numpy()[0] == 1
    assert unseen not in optimizer.state and unseen.version == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_dtype_is_kept_and_readers_agree_bit_for_bit(name: str, dtype: Any) -> None:
    case, rng = CASES[name], np.random.default_rng(0)
    first = rng.standard_normal(50).astype(dtype)
    paths = []
    for reader in ("numpy", "numba"):
        p = fg.Tensor(first, requires_grad=True)
        optimizer = case.make([p], **case.settings)
        optimizer.update = Update(optimizer.update.rule, reader=reader)
        paths.append(run(optimizer, p, STREAM[:5]))
        assert p.dtype == dtype
    assert np.array_equal(paths[0], paths[1])


def test_a_group_is_one_launch() -> None:
    parameters = [leaf(1.0, shape) for shape in ((3, 4), (7,), (), (0,), (2, 1, 2))]
    optimizer = optim.Adam([{"params": parameters[:3]}, {"params": parameters[3:], "lr": 0.5}])
    for p in parameters:
        p.grad = fg.Tensor(np.ones(p.shape))
    launches = []
    with fg.observe(lambda kernel, *_: launches.append(kernel.name)):
        optimizer.step()
    assert launches.count("adam") == 2
    assert parameters[0].numpy()[0, 0] == pytest.approx(1 - 1e-3)
    assert parameters[4].numpy()[0, 0, 0] == pytest.approx(0.5)
