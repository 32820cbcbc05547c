"""`fg.trace`: recorded steps are those of the kernels, bit for bit; and right, besides."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels.update import NUMBA_FROM
from fusegrad.microscope import trace
from tests.optim_sample import CASES
from tests.oracles import papers
from tests.test_explain import drawn
from tests.trace_sample import leaf, subtracts

FLOATS = pytest.mark.parametrize("dtype", [np.float32, np.float64])
STEPS = 4
MP = mpmath.mp.clone()
MP.dps = 50


@FLOATS
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [5, NUMBA_FROM], ids=["numpy", "numba"])
def test_every_step_is_what_the_kernel_did(name: str, size: int, dtype: Any) -> None:
    case = CASES[name]
    p = fg.Tensor(drawn(size, 0, dtype), requires_grad=True, name="w")
    optimizer, told = case.make([p], **case.settings), []
    with trace(follow={"w": [0, 1, -1]}) as seen:
        for t in range(STEPS):
            p.grad = drawn(size, 1 + t, dtype)
            told.append([str(optimizer.explain(p, k)) for k in (0, 1, -1)])
            optimizer.step()
    assert seen.check() == (STEPS, STEPS)
    for place, k in enumerate((0, 1, -1)):
        for t in range(STEPS):
            record = seen.at("w", k, t=t + 1)
            assert str(record) == told[t][place]
            after = seen.parameter("w").after[t]["theta"][place]
            assert record.theta_after == after
            assert dtype(record.theta) - dtype(record.step) == after
        subtracts(seen, "w", k)
    assert seen.parameter("w").after[-1]["theta"][2] == p.numpy()[-1]


# ---- right, and not only as the kernel has it -----------------------------------------------
BETA1, BETA2, ALPHA, EPS = 0.8, 0.95, 0.01, 1e-3


def exactly(t: int, theta: Any, g: Any, m: Any, v: Any) -> dict[str, tuple[Any, Any]]:
    """A row of Adam in 50 digits, each value with the size of the terms that it is a sum of."""
    b1, b2, alpha, eps = map(MP.mpf, (BETA1, BETA2, ALPHA, EPS))
    c1, c2 = 1 - b1**t, 1 - b2**t
    new_m, new_v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
    size, bottom = max(abs(b1 * m), abs((1 - b1) * g)), MP.sqrt(new_v / c2) + eps
    taken, share = alpha * (new_m / c1) / bottom, alpha * (size / c1) / bottom
    single = {"1-beta1^t": c1, "1-beta2^t": c2, "v'": new_v, "v_hat": new_v / c2}
    return {
        **{key: (x, x) for key, x in {**single, "denominator": bottom}.items()},
        "m'": (new_m, size),
        "m_hat": (new_m / c1, size / c1),
        "step": (taken, share),
        "theta'": (theta - taken, max(abs(theta), share)),
    }


def test_a_thousand_rows_of_adam_are_within_4_ulp_of_50_digits() -> None:
    rng, n, rows = np.random.default_rng(0), 40, 0
    p = leaf(rng.standard_normal(n), "w")
    optimizer = optim.Adam([p], lr=ALPHA, betas=(BETA1, BETA2), eps=EPS)
    with trace(elements=n) as seen:
        for _ in range(25):
            p.grad = fg.Tensor(rng.standard_normal(n))
            optimizer.step()
    for table in (seen.table("w", k) for k in range(n)):
        for i, t in enumerate(table["t"].tolist()):
            given = (MP.mpf(float(table[key][i])) for key in ("theta", "g", "m", "v"))
            for key, (exact, size) in exactly(t, *given).items():
                ulp = np.spacing(float(max(abs(exact), abs(size))))
                assert abs(MP.mpf(float(table[key][i])) - exact) <= 4 * ulp, (key, t)
            rows += 1
    assert rows == 1000


def test_the_path_of_adam_is_that_of_the_paper() -> None:
    gradients = np.random.default_rng(3).standard_normal(300)
    p = leaf([1.0], "w")
    optimizer = optim.Adam([p], lr=0.01)
    with trace() as seen:
        for g in gradients:
            p.grad = fg.Tensor([g])
            optimizer.step()
    exact = papers.adam(1.0, list(gradients), alpha=0.01, beta1=0.9, beta2=0.999, eps=1e-8)
    wanted = [float(one.theta) for one in exact]
    assert np.allclose(seen.table("w", 0)["theta'"], wanted, rtol=1e-13, atol=1e-15)


THEIRS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Adam": (optim.Adam, {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6}),
    "AdamW": (optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
    "SGD": (optim.SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}),
    "RMSprop": (optim.RMSProp, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6}),
    "Adagrad": (optim.Adagrad, {"lr": 0.05, "eps": 1e-6}),
}


@pytest.mark.parametrize("name", THEIRS)
def test_recorded_steps_are_those_of_torch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    make, settings = THEIRS[name]
    rng = np.random.default_rng(4)
    start = rng.standard_normal(6)
    p, q = leaf(start, "w"), torch.tensor(start, requires_grad=True)
    ours, theirs = make([p], **settings), getattr(torch.optim, name)([q], **settings)
    path = []
    with trace(elements=6) as seen:
        for _ in range(100):
            g = rng.standard_normal(6)
            p.grad, q.grad = fg.Tensor(g), torch.tensor(g)
            ours.step()
            theirs.step()
            path.append(q.detach().numpy().copy())
    for k in range(6):
        got, wanted = seen.table("w", k)["theta'"], np.array(path)[:, k]
        assert np.max(abs(got - wanted) / np.maximum(abs(wanted), 1e-2)) < 1e-12
