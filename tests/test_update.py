"""Updates in place: many tensors, one launch, and NumPy and Numba equal to the last bit."""

import platform
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import RuleError, Update, lift, observe, on_numba
from fusegrad.optim.adam import adam
from tests.readers_sample import DTYPES, RULES, UPDATES

UPDATE = import_module("fusegrad.kernels.update")
CHUNK = 65_536
# Nothing, one number, less than a chunk, exactly one, one more, and several.
SHAPES = ((0,), (1,), (), (7,), (CHUNK,), (CHUNK + 1,), (400, 500), (2, 0, 3))
SETTINGS = RULES["adam"].scalars
Tensors = list[tuple[np.ndarray, ...]]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_update = pytest.mark.parametrize("name", UPDATES)
both_readers = pytest.mark.parametrize("reader", ["numpy", "numba"])
with_mxcsr = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"),
    reason="only x86 has the control word that flushes denormals",
)


def tensors_for(name: str, dtype: str, shapes: Sequence[Any] = SHAPES) -> Tensors:
    """Parameters, gradients and states; the same at every call."""
    rng = np.random.default_rng(1)
    return [tuple(RULES[name].points(dtype, rng, shape)) for shape in shapes]


def after(update: Update, tensors: Tensors, steps: int = 3) -> Tensors:
    """The tensors after some steps of an update, in place."""
    scalars = RULES[update.name].scalars
    for t in range(1, steps + 1):
        now = {"t": t} if "t" in scalars else {}
        scalars = {**scalars, **update(tensors, **{**scalars, **now})}
    return tensors


def bits(tensors: Tensors) -> list[tuple[Any, bytes]]:
    return [(a.shape, a.tobytes()) for arrays in tensors for a in arrays]


# ---- values -------------------------------------------------------------------------------
@every_dtype
@every_update
def test_numpy_and_numba_are_equal_to_the_last_bit(name: str, dtype: str) -> None:
    before = tensors_for(name, dtype)
    by_numpy, by_numba = (
        after(Update(UPDATES[name], reader), tensors_for(name, dtype))
        for reader in ("numpy", "numba")
    )
    assert bits(by_numpy) == bits(by_numba)
    pairs = zip(by_numpy, before, strict=True)
    moved = np.concatenate([(new[0] != old[0]).ravel() for new, old in pairs])
    assert moved.mean() > 0.99  # a few gradients are too small for the last bit of theta


@both_readers
@every_update
def test_what_the_rule_does_not_return_is_not_written(name: str, reader: str) -> None:
    update = Update(UPDATES[name], reader)
    kept = set(update.program.inputs) - set(update.program.output_names)
    assert "g" in kept
    old, new = tensors_for(name, "float32"), tensors_for(name, "float32")
    after(update, new)
    for k, n in enumerate(update.program.inputs):
        if n in kept:
            assert bits([(item[k],) for item in new]) == bits([(item[k],) for item in old])


@both_readers
@pytest.mark.parametrize("shapes", [(), ((0,),), ((0, 3), (2, 0))])
def test_no_tensors_and_empty_tensors_are_no_work(shapes: tuple, reader: str) -> None:
    after(Update(adam, reader), tensors_for("adam", "float32", shapes))


def test_outputs_must_renew_inputs() -> None:
    def wrong(theta: Any, g: Any) -> Any:
        step = theta - g
        return step, theta * 2

    text = (
        "rule wrong: expected outputs named as its inputs, got ['step', 'y1']; "
        "return the renewed inputs by name"
    )
    with pytest.raises(RuleError, match=f"^{re.escape(text)}$"):
        Update(wrong)


# ---- launches -----------------------------------------------------------------------------
@every_update
def test_many_tensors_are_one_launch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    launches, calls, compiled = [], [], on_numba.update

    def counting(*args: Any) -> Callable[..., None]:
        return lambda *values: (launches.append(values), compiled(*args)(*values))

    monkeypatch.setattr(on_numba, "update", counting)
    with observe(lambda kernel, args, params, result: calls.append(kernel.name)):
        after(Update(UPDATES[name]), tensors_for(name, "float32"), steps=2)
    assert calls == [name] * 2
    assert len(launches) == 2


# ---- which reader -------------------------------------------------------------------------
def ran_on_numba(tensors: Tensors, monkeypatch: pytest.MonkeyPatch) -> bool:
    launches = []
    monkeypatch.setattr(UPDATE, "NUMBA_FROM", 100)
    monkeypatch.setattr(on_numba, "update", lambda *_: lambda *args: launches.append(args))
    Update(adam)(tensors, **SETTINGS)
    return bool(launches)


def changed(change: Callable[[np.ndarray], np.ndarray], shapes: Any = ((100,),)) -> Tensors:
    return [tuple(map(change, item)) for item in tensors_for("adam", "float32", shapes)]


def test_enough_plain_elements_go_to_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    for shapes in (((100,),), ((50,), (), (7, 7)), ((10, 10),)):
        assert ran_on_numba(changed(np.asarray, shapes), monkeypatch)
    assert not ran_on_numba(changed(np.asarray, ((99,),)), monkeypatch)


UNFIT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "float16": lambda a: a.astype(np.float16),
    "byte order": lambda a: a.astype(">f4"),
    "strided": lambda a: np.repeat(a, 2)[::2],
    "fortran": lambda a: np.asfortranarray(a.reshape(10, 10)),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_numba_cannot_take_goes_to_numpy(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors, plain = changed(UNFIT[case]), changed(np.asarray)
    assert not ran_on_numba(tensors, monkeypatch)
    Update(adam, "numpy")(plain, **SETTINGS)
    close = 2e-2 if case == "float16" else 0  # 10 bits, and v moves by less than the last
    for a, b in zip(tensors[0], plain[0], strict=True):
        assert np.allclose(a.ravel().astype("f8"), b, rtol=close, atol=close)


def test_mixed_precision_goes_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    theta, *rest = changed(np.asarray)[0]
    assert not ran_on_numba([(theta.astype("f8"), *rest)], monkeypatch)


def test_what_cannot_be_written_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = changed(np.asarray)
    tensors[0][1].flags.writeable = False  # the gradient is only read
    assert ran_on_numba(tensors, monkeypatch)
    tensors[0][0].flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        ran_on_numba(tensors, monkeypatch)


# ---- denormals ----------------------------------------------------------------------------
def with_denormal_state(dtype: str) -> Tensors:
    """Adam's state of dead units: no gradient, and a moment that has almost decayed."""
    n = 3 * CHUNK
    m = np.full(n, np.finfo(dtype).smallest_normal / 4, dtype)
    return [(np.ones(n, dtype), np.zeros(n, dtype), m, np.zeros(n, dtype))]


@with_mxcsr
@every_dtype
def test_numba_flushes_a_denormal_state(dtype: str) -> None:
    for reader, left in (("numpy", True), ("numba", False)):
        tensors = with_denormal_state(dtype)
        Update(adam, reader)(tensors, **SETTINGS)
        assert np.all((tensors[0][2] != 0) == left)


@every_dtype
def test_no_thread_keeps_flushing_after_a_launch(dtype: str) -> None:
    halve = lift(lambda x, y: x * 0.5 + y * 0, reader="numba")
    for n in (10, 3 * CHUNK):  # in this thread, and in those of the pool
        x = np.full(n, np.finfo(dtype).smallest_normal, dtype)
        Update(adam, "numba")(with_denormal_state(dtype), **SETTINGS)
        assert np.array_equal(halve(x, x), x / 2)
        assert np.all(x / 2 != 0)


def test_arrays_of_two_shapes_never_reach_raw_addresses() -> None:
    theta, g, m, v = (np.zeros(n, np.float32) for n in (40_000, 39_999, 40_000, 40_000))
    with pytest.raises(ValueError, match="broadcast"):
        Update(adam)([(theta, g, m, v)], t=1, alpha=0.1, beta1=0.9, beta2=0.999, eps=1e-8)
