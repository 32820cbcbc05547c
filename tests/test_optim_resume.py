"""States that go on where they were saved, in every precision; and compiling ahead."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels import on_numba
from fusegrad.kernels.update import NUMBA_FROM
from tests.ops_sample import refused
from tests.optim_sample import CASES, leaf
from tests.test_optim_memory import flat, given, stepped

KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "half": (np.float16, {}),
    "half skipping": (np.float16, {"skip_non_finite": True}),
    "double states": (np.float32, {"state_dtype": np.float64}),
    "single states": (np.float64, {"state_dtype": np.float32}),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_resume_is_bit_exact_where_arithmetic_is_finer_or_coarser(name: str, kind: str) -> None:
    (dtype, options), case = KINDS[kind], CASES[name]
    settings = {**case.settings, **options}
    for cut in range(3):
        p = leaf(1.0, (5,), dtype)
        mine = case.make([p], **settings)
        stepped(mine, *range(cut))
        q = fg.Tensor(p.detach(), requires_grad=True)
        again = case.make([q], **settings)
        again.load_state_dict(pickle.loads(pickle.dumps(mine.state_dict())))
        for seed in range(10, 14):
            stepped(mine, seed)
            stepped(again, seed)
            assert flat(mine) == flat(again)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_state_that_was_loaded_stays_as_it_is(dtype: Any) -> None:
    p = leaf(1.0, (3,), dtype)
    optimizer = optim.Adam([p])
    stepped(optimizer, 0, 1)
    saved = optimizer.state_dict()
    before = pickle.dumps(saved)
    optimizer.load_state_dict(saved)
    stepped(optimizer, 2)
    optimizer.param_groups[0]["lr"] = 5.0
    assert pickle.dumps(saved) == before


def test_a_state_of_another_precision_is_converted() -> None:
    single, double = leaf(1.0, (3,), np.float32), leaf(1.0, (3,))
    optimizer, other = optim.Adam([single]), optim.Adam([double])
    stepped(other, 0, 1)
    optimizer.load_state_dict(other.state_dict())
    m, v = (optimizer.state[single][n] for n in "mv")
    assert m.dtype == v.dtype == np.float32 and "theta" not in optimizer.state[single]
    assert np.array_equal(m, other.state[double]["m"].astype(np.float32))
    assert not np.shares_memory(m, other.state_dict()["state"][0]["m"])


def test_a_state_without_the_finer_copy_starts_at_the_parameter() -> None:
    p = leaf(2.0, (3,), np.float16)
    optimizer = optim.Adam([p])
    saved = optim.Adam([leaf(1.0, (3,), np.float32)])
    stepped(saved, 0)
    optimizer.load_state_dict(saved.state_dict())
    assert optimizer.state[p]["theta"].tolist() == [2, 2, 2]


@pytest.mark.parametrize("count", ["x", -1, None, 1.5])
def test_a_spoilt_count_of_skipped_steps_changes_nothing(count: Any) -> None:
    p = leaf(1.0)
    optimizer = optim.Adam([p])
    stepped(optimizer, 0)
    saved, before = optimizer.state_dict(), flat(optimizer)
    saved["state"][0]["m"] += 1
    text = f"Adam.load_state_dict: expected skipped, a count, got skipped={count!r}; load a"
    with refused(fg.OptionError, f"{text} state of the same optimizer"):
        optimizer.load_state_dict({**saved, "skipped": count})
    assert flat(optimizer) == before


# ---- compiling ahead ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("dtype", "options", "compiled"),
    [
        (np.float32, {}, ["float32"]),
        (np.float16, {}, ["float32"]),
        (np.float32, {"state_dtype": np.float64}, ["float64"]),
        (np.float64, {"weight_decay": 0.1}, ["float64"]),
    ],
)
def test_the_first_step_waits_for_nothing_that_was_prepared(
    monkeypatch: pytest.MonkeyPatch, dtype: Any, options: dict[str, Any], compiled: list[str]
) -> None:
    made: list[tuple[str, str]] = []

    def known(program: Any, name: str) -> Callable[..., None]:
        made.append((program.name, name))
        return lambda table, *scalars: None

    monkeypatch.setattr(on_numba, "update", known)
    p, small = leaf(1.0, (NUMBA_FROM - 8,), dtype), leaf(1.0)
    q = leaf(1.0, (8,), dtype)  # only together are they large
    optimizer = optim.Adam([{"params": [p, q]}, {"params": [small]}], **options)
    optimizer.prepare()
    rule = optimizer.update_of(optimizer.param_groups[0]).name
    assert made == [(rule, name) for name in compiled] and not optimizer.state
    given(p, 0)
    given(q, 0)
    optimizer.step()
    assert made == 2 * [(rule, name) for name in compiled]
