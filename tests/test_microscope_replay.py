"""The page computes what Python's kernels computed: every column of every step, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels.update import NUMBA_FROM
from fusegrad.kernels.words import tanh, where
from fusegrad.microscope import Trace, trace
from fusegrad.optim.schedules import Cosine, Geometric, WarmUp
from tests.microscope_sample import differing, leaf, recorded, shown, stepped, tables
from tests.optim_sample import CASES
from tests.test_explain import drawn
from tests.test_report_browser import browser  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser
STEPS = 10
DTYPES = (np.float64, np.float32)


# Of every run: how many steps came out as printed, of how many, and where its own row parts.
CHECKED = """() => microscope.runs.map((run, at) => {
    microscope.change({ at, edits: {} });
    const own = run.dialects.find(({ program }) => program === run.program);
    const { end } = microscope.program();
    return [checked(microscope).split(" step")[0], run.t.length,
        own ? parting(microscope, dialectRows(microscope, own), end) : "never"];
})"""


def draws(size: int, dtype: Any) -> list[np.ndarray]:
    """Gradients of every size, denormals and zeros among them."""
    return [drawn(size, 1 + t, dtype).numpy() for t in range(STEPS)]


def agree(page: Any, seen: Trace) -> None:
    """Hold a page against what was recorded, against its prints, and against its dialects."""
    assert differing(tables(page), recorded(seen)) == []
    for said, steps, part in page.evaluate(CHECKED):
        own = "These are the kernel's own numbers. The rule has words"
        assert (said.startswith(own) or said == f"{steps} of {steps}") and part == "never"


@pytest.fixture(scope="module")
def every(browser: Any, tmp_path_factory: Any) -> Iterator[tuple[Any, Any]]:  # noqa: F811
    """Every optimizer of the table in one recording and on one page."""
    with trace() as seen:
        for dtype in DTYPES:
            for name, case in CASES.items():
                p = leaf(drawn(2, 0, dtype).numpy(), f"{name} {dtype.__name__}", dtype)
                stepped(case.make([p], **case.settings), p, draws(2, dtype))
    with shown(browser, seen, tmp_path_factory.mktemp("every")) as visit:
        agree(visit.page, seen)
        yield tables(visit.page), recorded(seen)
        assert visit.complaints == []


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_every_optimizer_as_it_was_recorded(every: Any, name: str, dtype: Any) -> None:
    found, wanted = (
        {key: x for key, x in part.items() if key.startswith(f"{name} {dtype.__name__}[")}
        for part in every
    )
    assert len(wanted) == 2 and differing(found, wanted) == []


# ---- whatever surrounds the rule ------------------------------------------------------------
def schedules() -> Trace:
    """Settings that follow the step, in rules with and without states of the host."""
    lr, betas = Cosine(0.1, steps=STEPS), (Geometric(0.9, 0.9), 0.99)
    made = {
        "warm": (optim.SGD, {"lr": WarmUp(0.1, steps=4), "weight_decay": Geometric(0.5, 0.5)}),
        "betas": (optim.Adam, {"lr": lr, "betas": betas}),
        "product": (optim.NAdam, {"lr": lr, "betas": betas, "momentum_decay": lambda t: 1 / t}),
        "average": (optim.RMSProp, {"alpha": lambda t: 1 - 1 / t}),
    }
    with trace() as seen:
        for name, (make, settings) in made.items():
            p = leaf([0.5, -2.0], name)
            stepped(make([p], **settings), p, draws(2, np.float64))
    return seen


def moved() -> Trace:
    """A parameter and its states set from outside; settings that change in the middle."""
    p, q = leaf([1.0, 2.0], "w"), leaf([[1.0], [-1.0]], "q", np.float32)
    adam, nadam = optim.Adam([p], lr=0.1), optim.NAdam([q], lr=0.1)
    with trace() as seen:
        for x, optimizer in ((p, adam), (q, nadam)):
            stepped(optimizer, x, [1.0, -2.0])
            state = optimizer.state_dict()
            stepped(optimizer, x, [3.0])
            optimizer.load_state_dict(state)
            x.assign_(np.full(x.shape, -0.0, x.dtype))
            optimizer.param_groups[0]["lr"] = 0.3
            stepped(optimizer, x, [0.5, -0.0, 1.0])
    return seen


def broken() -> Trace:
    """Gradients that are no numbers, and parameters that overflow."""
    with trace() as seen:
        for name in ("sgd", "adam", "adamax", "amsgrad", "adabound", "lion", "rmsprop"):
            case = CASES[name]
            p = leaf([1.0, -1e308, 3.0], name)
            inf, nan = np.inf, np.nan
            gs = [[1.0, 1e308, -1.0], [inf, -1e308, 0.0], [-inf, 1e200, nan], [1.0, 1.0, 1.0]]
            stepped(case.make([p], **case.settings), p, gs)
    return seen


def flushing() -> Trace:
    """Parameters so large that Numba's kernel ran, which takes denormals for 0."""
    followed = {}
    with trace(followed) as seen:
        for dtype in DTYPES:
            for name in ("adam", "adamax", "rmsprop", "amsgrad", "adagrad"):
                case, key = CASES[name], f"{name} {dtype.__name__}"
                p = leaf(drawn(NUMBA_FROM, 0, dtype).numpy(), key, dtype)
                stepped(case.make([p], **case.settings), p, draws(NUMBA_FROM, dtype)[:5])
    return seen


def now_and_then() -> Trace:
    """A small parameter beside a large one: its kernel flushes at some steps only."""
    tiny = np.finfo(np.float64).smallest_normal
    small, large = leaf([1.5 * tiny, 1.0], "small"), leaf(np.ones(NUMBA_FROM), "large")
    sgd = optim.SGD([small, large], lr=1.0)
    with trace({"small": [0, 1], "large": [0]}) as seen:
        for k in range(6):
            small.grad = fg.Tensor([tiny * (k - 2) / 8, 0.1])
            large.grad = fg.Tensor(np.ones(NUMBA_FROM)) if k < 3 else None
            sgd.step()
    return seen


def halves() -> Trace:
    """float16, and states of another precision than the parameter."""
    made = {
        "half": ({}, np.float16),
        "finer": ({"state_dtype": np.float64}, np.float32),
        "coarser": ({"state_dtype": np.float32}, np.float64),
    }
    with trace() as seen:
        for name, (options, dtype) in made.items():
            p = leaf([1.0, -0.1], name, dtype)
            stepped(optim.NAdam([p], lr=0.01, **options), p, [[1.0, 1e-3], [-2.0, 6e-8]] * 3)
    return seen


def still() -> Trace:
    """Settings of 0, whose signs IEEE 754 keeps and whole numbers do not have."""
    zeros = {"lr": 0.0, "betas": (0.0, 0.0), "eps": 0.0, "alpha": 0.0, "rho": 0.0}
    with trace() as seen:
        for name, case in CASES.items():
            settings = {**case.settings}
            settings.update({k: v for k, v in zeros.items() if k in settings})
            p = leaf([1.0, -1.0], name)
            stepped(case.make([p], **settings), p, [[1.0, -1.0], [0.0, -0.0], [-2.0, 1e-300]])
    return seen


def poles(theta: Any, g: Any, *, alpha: Any, t: Any) -> Any:
    theta = theta - where(t > 1, 1 / (t - 1), 1) * g - (-alpha) * 0 * g
    return theta


def curved(theta: Any, g: Any, *, alpha: Any) -> Any:
    theta = theta - alpha * tanh(g)
    return theta


class Poles(optim.Optimizer):
    """A rule whose host divides by 0 at t = 1, and has zeros with a sign."""

    rule = staticmethod(poles)


class Curved(optim.Optimizer):
    """A rule with a word that no page computes to the last bit."""

    rule = staticmethod(curved)


def strange() -> Trace:
    """Rules of a user's own, which a page can compute in part or not at all."""
    with trace() as seen:
        for make in (Poles, Curved):
            p = leaf([1.0, -2.0], make.__name__)
            stepped(make([p], lr=0.1), p, [[1.0, -1.0], [0.0, -0.0], [-2.0, 1e-300]])
    return seen


def in_the_middle() -> Trace:
    """A recording that begins after some steps."""
    made = {name: CASES[name] for name in ("adam", "nadam", "amsgrad", "adagrad_inside")}
    ready = [(leaf([1.0, -2.0], name), case) for name, case in made.items()]
    optimizers = [(p, case.make([p], **case.settings)) for p, case in ready]
    for p, optimizer in optimizers:
        stepped(optimizer, p, [1.0, 2.0, 0.5])
    with trace() as seen:
        for p, optimizer in optimizers:
            stepped(optimizer, p, [[0.1, -3.0], 0.0, 1.0])
    return seen


AROUND = (
    schedules,
    moved,
    broken,
    flushing,
    now_and_then,
    halves,
    still,
    strange,
    in_the_middle,
)


@pytest.mark.parametrize("make", AROUND, ids=lambda make: make.__name__)
def test_whatever_surrounds_the_rule(
    browser: Any,  # noqa: F811
    tmp_path: Path,
    make: Any,
) -> None:
    seen = make()
    with shown(browser, seen, tmp_path) as visit:
        agree(visit.page, seen)
        assert visit.complaints == []


def test_a_kernel_that_flushes_was_among_them() -> None:
    flags = [log.flushed for log in now_and_then().followed]
    if not any(map(any, flags)):
        pytest.skip("kernels keep denormals on this machine")
    assert flags == [[True] * 3 + [False] * 3, [True] * 3]
