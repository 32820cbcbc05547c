"""Beside optax, in a process of its own, where JAX may count in float64: every dialect that
says so computes the same steps."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest

from fusegrad.optim.schedules import Schedule
from tests import dialects_sample as sample


@cache
def theirs() -> dict[str, Any]:
    if importlib.util.find_spec("optax") is None:
        pytest.skip("optax is not installed; nothing to compare with")
    return sample.asked(__name__, JAX_ENABLE_X64="1", JAX_PLATFORMS="cpu")


@pytest.mark.parametrize(("algorithm", "kind"), sample.cases("optax"))
def test_steps_agree(algorithm: str, kind: str) -> None:
    want = theirs()["paths"][f"{algorithm} {kind}"]["theta"]
    got = sample.ours("optax", algorithm, kind)["theta"]
    assert sample.apart(got, want) <= sample.TOLERANCE


@pytest.mark.parametrize("algorithm", sample.rows("optax"))
def test_settings_not_given_are_those_of_optax(algorithm: str) -> None:
    sample.check_defaults("optax", algorithm, theirs()["defaults"][algorithm])


def follow(
    make: Callable[..., Any], settings: Mapping[str, Any], decay: float
) -> sample.Numbers:
    """theta of an optax optimizer after every step, its step size a function of the count."""
    jax, optax = map(importlib.import_module, ("jax", "optax"))
    lr = settings["learning_rate"]
    if isinstance(lr, Schedule):
        sizes = jax.numpy.array([lr(t) for t in range(1, sample.STEPS + 1)])
        settings = {**settings, "learning_rate": lambda count: sizes[count]}
    rule = make(**settings)
    rule = optax.chain(optax.add_decayed_weights(decay), rule) if decay else rule

    def step(carry: Any, g: Any) -> Any:
        theta, state = carry
        change, state = rule.update(g, state, theta)
        theta = optax.apply_updates(theta, change)
        return (theta, state), theta

    theta = jax.numpy.array(sample.THETA)
    _, path = jax.lax.scan(step, (theta, rule.init(theta)), jax.numpy.array(sample.GRADIENTS))
    return {"theta": path.tolist()}


if __name__ == "__main__":
    paths = sample.followed("optax", follow)
    print(json.dumps({"paths": paths, "defaults": sample.signatures("optax")}))
