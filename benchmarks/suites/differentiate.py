"""One formula forward and backward, by each framework: what is asked of all of them alike.

A form is the formula in a framework's own words, `lambda m, x: m.tanh(x)`, where m is the
module that holds them. The gradient of its result is given, as it would come from a layer
above; gradients of the variables are found, never added to older ones.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from .. import place
from ..case import Arrays, Work, framework

Form = Callable[..., Any]
COMPILERS = ("c++", "g++", "clang++")


@dataclass(frozen=True)
class Problem:
    """y = form(m, *variables, *constants), and the gradients of the variables where `slope` is
    that of y; None for a y of one number. `by_hand(slope, *variables, *constants)` gives y and
    the gradients in the precision of what it is given. `forms` go by framework; that of "" is
    every other's."""

    forms: Mapping[str, Form]
    by_hand: Callable[..., Arrays]
    draw: Callable[[], tuple[list[np.ndarray], list[np.ndarray]]]  # variables, constants
    shape: tuple[int, ...] | None = None  # of y

    def form(self, contender: str) -> Form:
        return self.forms.get(framework(contender), self.forms.get("", _none))

    def slope(self) -> np.ndarray | None:
        return None if self.shape is None else normal(1, *self.shape)

    def truth(self) -> Arrays:
        variables, constants = self.draw()
        return self.by_hand(*map(wide, (self.slope(), *variables, *constants)))


def _none(*args: Any) -> Any:
    raise LookupError("expected a form for every contender, got none: add it to `forms`")


def normal(seed: int, *shape: int) -> np.ndarray:
    """Standard normal float32, the same in every process."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def wide(x: Any) -> Any:
    """float64 for floats; what else there is stays."""
    return x.astype(np.float64) if getattr(x, "dtype", None) == np.float32 else x


def fusegrad(problem: Problem) -> Work:
    fg, form, slope = import_module("fusegrad"), problem.form("fusegrad"), problem.slope()
    variables, constants = problem.draw()
    xs = [place.ours(x, requires_grad=True) for x in variables]
    given = [*xs, *map(place.ours, constants)]
    if slope is not None and place.device() != "cpu":
        slope = place.ours(slope)

    def step() -> Any:
        for x in xs:
            x.grad = None
        y = form(fg, *given)
        y.backward(slope)
        return y

    return Work(step, lambda: [step().numpy(), *(x.grad.numpy() for x in xs)])


def torch(problem: Problem, how: str = "") -> Work:
    """`how` is "", "compile", or "channels_last" for arrays of four axes."""
    m, form = import_module("torch"), problem.form("torch")
    laid = partial(_laid_out, m, how)
    slope = problem.slope()
    slope = slope if slope is None else laid(slope)
    variables, constants = ([*map(laid, part)] for part in problem.draw())
    xs = [x.requires_grad_() for x in variables]
    forward = compiled(partial(form, m)) if how == "compile" else partial(form, m)

    def step() -> Any:
        for x in xs:
            x.grad = None
        y = forward(*xs, *constants)
        y.backward(slope)
        return y

    return Work(step, lambda: [place.host(step()), *(place.host(x.grad) for x in xs)])


def _laid_out(torch: Any, how: str, x: np.ndarray) -> Any:
    held = place.theirs(x.copy())
    last = how == "channels_last" and x.ndim == 4
    return held.contiguous(memory_format=torch.channels_last) if last else held


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """torch.compile, which needs a C++ compiler on the path or in $CXX."""
    if not any(map(shutil.which, (*filter(None, [os.environ.get("CXX")]), *COMPILERS))):
        names = ", ".join(COMPILERS)
        raise OSError(f"torch compile: expected a C++ compiler ({names}), found none: set CXX")
    return import_module("torch").compile(function)


def jax(problem: Problem, jit: bool = False) -> Work:
    jax, jnp, form = import_module("jax"), import_module("jax.numpy"), problem.form("jax")
    variables, constants = ([*map(jnp.asarray, part)] for part in problem.draw())
    drawn = problem.slope()
    slope = jnp.ones(()) if drawn is None else jnp.asarray(drawn)

    def both(xs: list[Any], cs: list[Any], slope: Any) -> Any:
        y, back = jax.vjp(lambda *v: form(jnp, *v, *cs), *xs)
        return y, *back(slope)

    run = jax.jit(both) if jit else both

    def step() -> Any:
        return jax.block_until_ready(run(variables, constants, slope))

    return Work(step, step)


def autograd(problem: Problem) -> Work:
    m, form = import_module("autograd.numpy"), problem.form("autograd")
    make_vjp = import_module("autograd").make_vjp
    variables, constants = problem.draw()
    drawn = problem.slope()
    slope = np.float32(1) if drawn is None else drawn
    both = make_vjp(lambda *v: form(m, *v, *constants), argnum=tuple(range(len(variables))))

    def step() -> Any:
        back, y = both(*variables)
        return y, *back(slope)

    return Work(step, step)


def mygrad(problem: Problem) -> Work:
    m, form, slope = import_module("mygrad"), problem.form("mygrad"), problem.slope()
    variables, constants = problem.draw()
    xs = [m.tensor(x) for x in variables]

    def step() -> Any:
        y = form(m, *xs, *constants)
        y.backward(slope)
        return y

    return Work(step, lambda: [step().data, *(x.grad for x in xs)])


def numpy(problem: Problem) -> Work:
    """Forward and backward written by hand, as one would without a framework."""
    variables, constants = problem.draw()
    slope = problem.slope()

    def step() -> Arrays:
        return problem.by_hand(slope, *variables, *constants)

    return Work(step, step)


WAYS: dict[str, Callable[[Problem], Work]] = {
    "fusegrad": fusegrad,
    "numpy": numpy,
    "torch": torch,
    "torch compile": partial(torch, how="compile"),
    "torch channels_last": partial(torch, how="channels_last"),
    "jax": jax,
    "jax jit": partial(jax, jit=True),
    "autograd": autograd,
    "mygrad": mygrad,
}


def contenders(problem: Problem, names: Sequence[str]) -> dict[str, Callable[[], Work]]:
    """Builders of a problem's work, by contender."""
    return {name: partial(WAYS[name], problem) for name in names}
