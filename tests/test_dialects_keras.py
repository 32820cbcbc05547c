"""Beside Keras, in a process of its own, where it may count in float64: every dialect that says
so computes the same steps."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable, Mapping
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from fusegrad.optim.schedules import at
from tests import dialects_sample as sample

BACKENDS = ("torch", "jax", "tensorflow")


@cache
def theirs() -> dict[str, Any]:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed; nothing to compare with")
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    if not installed:
        pytest.skip(f"Keras has no backend here, none of {', '.join(BACKENDS)}")
    known = {"KERAS_BACKEND": installed[0], "JAX_ENABLE_X64": "1"}
    with TemporaryDirectory() as home:  # Keras reads and writes settings of the user's
        return sample.asked(__name__, **known, KERAS_HOME=home)


@pytest.mark.parametrize(("algorithm", "kind"), sample.cases("keras"))
def test_steps_agree(algorithm: str, kind: str) -> None:
    want = theirs()["paths"][f"{algorithm} {kind}"]["theta"]
    got = sample.ours("keras", algorithm, kind)["theta"]
    assert sample.apart(got, want) <= sample.TOLERANCE


@pytest.mark.parametrize("algorithm", sample.rows("keras"))
def test_settings_not_given_are_those_of_keras(algorithm: str) -> None:
    sample.check_defaults("keras", algorithm, theirs()["defaults"][algorithm])


def test_decay_is_never_coupled_in_keras() -> None:
    """`weight_decay` of its Adam is that of its AdamW."""
    got = sample.ours("keras", "adamw", "shown")["theta"]
    assert sample.apart(got, theirs()["decayed Adam"]["theta"]) <= sample.TOLERANCE


def follow(
    make: Callable[..., Any], settings: Mapping[str, Any], decay: float = 0.0
) -> sample.Numbers:
    """theta of a Keras optimizer after every step, its step size set before each."""
    keras = importlib.import_module("keras")
    p = keras.Variable(sample.THETA, dtype="float64")
    optimizer = make(**{word: at(value, 1) for word, value in settings.items()})
    optimizer.build([p])
    path = []
    for t, g in enumerate(sample.GRADIENTS, 1):
        if "learning_rate" in settings:
            optimizer.learning_rate = at(settings["learning_rate"], t)
        optimizer.apply([keras.ops.convert_to_tensor(g, dtype="float64")], [p])
        path.append(keras.ops.convert_to_numpy(p.value).tolist())
    return {"theta": path}


def decayed_adam() -> sample.Numbers:
    known = sample.LIBRARIES["keras"]
    settings = known.translated(sample.settings("keras", "adamw", "shown"))
    return follow(known.function("adam"), settings)


if __name__ == "__main__":
    importlib.import_module("keras").config.set_floatx("float64")
    made = {
        "paths": sample.followed("keras", follow),
        "defaults": sample.signatures("keras"),
        "decayed Adam": decayed_adam(),
    }
    print(json.dumps(made))
