"""Every row of the table of dialects beside the library that it speaks of: what it is called
there, settings that show every term, gradients, and what the two make of them."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad.optim.dialects import DIALECTS
from fusegrad.optim.schedules import Step

# Sixty steps of at most twenty roundings each, 60 * 20 * 1.1e-16 = 1.3e-13, on terms that may
# be a few times the result.
TOLERANCE = 1e-12
MU = {"momentum": 0.9}
# name of a number -> what it is after every step. Shapes: (STEPS, SIZE) or (STEPS,)
Numbers = Mapping[str, Any]
Follow = Callable[[Callable[..., Any], Mapping[str, Any], float], Numbers]


@dataclass(frozen=True)
class Library:
    """Where a library keeps its optimizers, and its words.

    `names` gives for an algorithm the name there and what has to be said besides; `words` its
    words for ours, none where the library has a number fixed.
    """

    title: str
    module: str
    names: Mapping[str, tuple[str, Mapping[str, Any]]]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def function(self, algorithm: str) -> Callable[..., Any]:
        """The library's own optimizer."""
        name, said = self.names[algorithm]
        return partial(getattr(importlib.import_module(self.module), name), **said)

    def translated(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Our settings in its words."""
        theirs: dict[str, Any] = {}
        for word, value in settings.items():
            names = self.words.get(word, (word,))
            values = value if len(names) > 1 else (value,) * len(names)
            theirs.update(zip(names, values, strict=True))
        return theirs


CENTRED = {"centered": True}
_RMSPROP = {
    "rmsprop": ("RMSprop", {}),
    "rmsprop_momentum": ("RMSprop", MU),
    "rmsprop_centred": ("RMSprop", CENTRED),
    "rmsprop_centred_momentum": ("RMSprop", {**CENTRED, **MU}),
}
_CLASSES = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", MU),
    "nesterov": ("SGD", {**MU, "nesterov": True}),
    "adam": ("Adam", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamw": ("AdamW", {}),
    "adamax": ("Adamax", {}),
    "adagrad": ("Adagrad", {}),
    "adadelta": ("Adadelta", {}),
    **_RMSPROP,
}
_FUNCTIONS = "sgd adam amsgrad adamw adamax nadam radam adagrad adadelta lion"
LIBRARIES = {
    "torch": Library(
        "PyTorch",
        "torch.optim",
        {**_CLASSES, "nadam": ("NAdam", {}), "radam": ("RAdam", {})},
    ),
    "keras": Library(
        "Keras",
        "keras.optimizers",
        {**_CLASSES, "nadam": ("Nadam", {}), "lion": ("Lion", {})},
        {
            "lr": ("learning_rate",),
            "betas": ("beta_1", "beta_2"),
            "eps": ("epsilon",),
            "eps_hat": ("epsilon",),
            "alpha": ("rho",),
            "momentum_decay": (),
        },
    ),
    "optax": Library(
        "optax",
        "optax",
        {
            **{name: (name, {}) for name in _FUNCTIONS.split()},
            "momentum": ("sgd", MU),
            "nesterov": ("sgd", {**MU, "nesterov": True}),
            **{name: ("rmsprop", said) for name, (_, said) in _RMSPROP.items()},
        },
        {"lr": ("learning_rate",), "betas": ("b1", "b2"), "alpha": ("decay",)},
    ),
}

# ---- what they are given --------------------------------------------------------------------
STEPS, SIZE, LAM = 60, 20, 0.1
KINDS = SHOWN_ALL, OWN, DECAYED = ("shown", "own", "decayed")
# All are exact in float32, which some libraries keep settings in. The step size changes on the
# way, so that it shows whether a buffer is multiplied by the old one or the new one.
SHOWN = {
    "lr": Step(2**-5, every=20, factor=0.5),
    "betas": (0.875, 0.96875),
    "eps": 2**-10,
    "eps_hat": 2**-10,
    "alpha": 0.90625,
    "rho": 0.90625,
    "momentum": 0.875,
    "weight_decay": 2**-4,
    "momentum_decay": 2**-7,
    "initial_accumulator_value": 0.125,
}


def gradients() -> np.ndarray:
    """Of both signs and 1e-4 to 10; a sixth are zero. The first element never has one, the
    second has none at first, the third has its largest first. Shapes: (STEPS, SIZE)."""
    rng = np.random.default_rng(5)
    size = 10 ** rng.uniform(-4, 1, (STEPS, SIZE))
    g = size * rng.choice([-1.0, 1.0], size.shape) * (rng.random(size.shape) > 1 / 6)
    g[:, 0], g[:9, 1], g[0, 2] = 0, 0, 10
    return g


GRADIENTS = gradients()
THETA = np.linspace(1, 2, SIZE) * np.where(np.arange(SIZE) % 2, 1, -1)


def rows(library: str) -> list[str]:
    """The algorithms that the table has for a library."""
    return [algorithm for algorithm, where in DIALECTS if where == library]


def settings(library: str, algorithm: str, kind: str) -> dict[str, Any]:
    """Ours for one case: those that show every term of the row, or the library's own, which is
    none but the step size that optax wants."""
    known = DIALECTS[algorithm, library]
    if kind == OWN:
        return {"lr": known.settings["lr"]} if library == "optax" else {}
    there = LIBRARIES[library].words if library in LIBRARIES else {}
    decay = {"weight_decay"} if "lam" in known.update.program.scalars else set()
    return {
        word: SHOWN[word] for word in known.settings.keys() | decay if there.get(word) != ()
    }


def cases(library: str) -> list[tuple[str, str]]:
    """(algorithm, kind of settings) of every row; coupled decay where the library has it and
    the rule has no decay of its own."""
    found = [(algorithm, kind) for algorithm in rows(library) for kind in KINDS]
    return [case for case in found if case[1] != DECAYED or is_coupled(case[0], library)]


def is_coupled(algorithm: str, library: str) -> bool:
    """Whether a library adds weight decay to the gradient: Keras never does."""
    scalars = DIALECTS[algorithm, library].update.program.scalars
    return library != "keras" and "lam" not in scalars


# ---- what they make of it -------------------------------------------------------------------
def ours(library: str, algorithm: str, kind: str) -> Numbers:
    """theta and the states of our optimizer after every step."""
    p = fg.Tensor(THETA, requires_grad=True, name="theta")
    decay = {"weight_decay": LAM} if kind == DECAYED else {}
    dialect, path = DIALECTS[algorithm, library], []
    optimizer = dialect([p], **settings(library, algorithm, kind), **decay)
    for g in GRADIENTS:
        p.grad = fg.Tensor(g)
        optimizer.step()
        path.append({"theta": p.numpy().copy(), **optimizer.state_dict()["state"][0]})
    return stacked(path)


def stacked(path: list[dict[str, Any]]) -> Numbers:
    """A list of records as a record of arrays."""
    return {name: np.array([record[name] for record in path]) for name in path[0]}


def apart(got: Any, want: Any) -> float:
    """The largest difference of two paths, each relative to the largest that its element had
    been by then, which is the size of what was rounded."""
    got, want = np.asarray(got), np.asarray(want)
    scale = np.maximum.accumulate(abs(want), 0)
    return float(np.max(abs(got - want) / np.where(scale > 0, scale, 1)))


def followed(library: str, follow: Follow) -> dict[str, Numbers]:
    """A library's path in every case: `follow(make, settings, decay)`, settings in its words,
    where a step size may still be a schedule of ours."""
    known = LIBRARIES[library]
    return {
        f"{algorithm} {kind}": follow(
            known.function(algorithm),
            known.translated(settings(library, algorithm, kind)),
            LAM if kind == DECAYED else 0.0,
        )
        for algorithm, kind in cases(library)
    }


def signatures(library: str) -> dict[str, dict[str, Any]]:
    """What every optimizer of a library takes for settings that are not given, in its words."""
    functions = {a: inspect.signature(LIBRARIES[library].function(a)) for a in rows(library)}
    return {
        a: {p.name: p.default for p in known.parameters.values() if p.default is not p.empty}
        for a, known in functions.items()
    }


def check_defaults(library: str, algorithm: str, theirs: Mapping[str, Any]) -> None:
    """Ours are a library's own, given its defaults. Where it has none for the step size, ours
    is 0.001, and where it has none for the decay, 0."""
    made = DIALECTS[algorithm, library]([fg.Tensor(1.0, requires_grad=True)])
    missing = {"learning_rate": 1e-3, "weight_decay": 0.0}
    for name, value in LIBRARIES[library].translated(made.defaults).items():
        own = theirs.get(name)
        assert value == (missing[name] if own is None else own), name


def asked(module: str, **environment: str) -> dict[str, Any]:
    """What a test module prints as JSON when it runs alone, where settings of a library that
    hold for a whole process disturb nobody."""
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
