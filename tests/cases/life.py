"""Wrong uses of transforms, hooks and graphs: what each is refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fusegrad as fg
from fusegrad.kernels import GraphError, OptionError, ShapeError
from tests.ops_sample import leaf


def hooked(hook: Callable[[Any], Any]) -> None:
    x = leaf(1.0)
    x.register_hook(hook)
    (x * 2.0).backward()


def not_finite() -> None:
    with fg.detect_anomaly():
        fg.log(leaf(0.0))


def written() -> None:
    with fg.detect_anomaly():
        x = leaf([1.0])
        y = x * x
        x.data.flags.writeable = True
        x.data[0] = 2.0
        y.backward()


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: fg.jvp(fg.exp, 1.0, 1.0), OptionError,
     "jvp: expected a tuple with one item for each argument, got float; write (x,) for one "
     "argument"),
    (lambda: fg.jvp(fg.exp, (1.0,), ([1.0],)), ShapeError,
     "jvp: expected a tangent of shape (), got (1,); give one number for each element"),
    (lambda: fg.jvp(lambda p: p["a"], ({"a": 1.0},), ({"b": 1.0},)), ShapeError,
     "jvp: expected a tree like ({'a': *}), got ({'b': *}); give one value for each leaf"),
    (lambda: fg.vjp(fg.exp, 1.0)[1]([1.0]), ShapeError,
     "pullback: expected a gradient of shape (), got (1,); give one number for each element"),
    (lambda: fg.jacobian(fg.exp, mode="both"), OptionError,
     "jacobian: expected mode in reverse, forward, got 'both'; choose one of these"),
    (lambda: hooked(lambda g: 2.0), ShapeError,
     "a gradient hook: expected None or a Tensor of shape (), got float of shape (); return g, "
     "changed, or nothing"),
    (not_finite, fg.NonFiniteError,
     "log (HERE): expected a finite result of finite arguments, got -inf at index () of shape "
     "(); look at its arguments"),
    (written, GraphError,
     "backward of multiply (HERE): expected what it saved (a, b) as the forward pass left it, "
     "got an array changed since; write to no array of a Tensor: compute a new one, or assign_ "
     "a leaf"),
]  # fmt: skip
