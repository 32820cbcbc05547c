"""What optimizers refuse: parameters, states, classes and settings; and rules of one's own."""

from __future__ import annotations

import importlib.util
import re
import sys
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from benchmarks import adam_step
from fusegrad import nn, optim
from fusegrad.kernels.words import sign
from tests.optim_sample import leaf
from tests.test_optim_life import stepped

NET = nn.Linear(3, 2, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("parameters", "error", "text"),
    [
        (NET, fg.DTypeError, "parameters, got Linear; pass net.parameters()"),
        (5, fg.DTypeError, "parameters, got 5; pass net.parameters()"),
        ("ab", fg.DTypeError, "parameters, got 'ab'; pass net.parameters()"),
        ({"params": 1}, fg.DTypeError, "parameters, got {'params': 1}; pass net.parameters()"),
        ([{"params": NET}], fg.DTypeError, "parameters, got Linear; pass net.parameters()"),
        ([{"lr": 1.0}], fg.OptionError, "a group, a dict with params, got {'lr': 1.0}; write"),
    ],
)
def test_what_is_no_parameters_is_refused(parameters: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match="^Adam: expected " + re.escape(text)):
        optim.Adam(parameters)


def test_a_group_may_hold_one_tensor_or_pairs() -> None:
    p, q = leaf(1.0), leaf(2.0, (2, 3))
    optimizer = optim.Adam([{"params": p}, {"params": [("q", q)], "lr": 0.5}])
    assert [g["params"] for g in optimizer.param_groups] == [[p], [q]]
    assert repr(optimizer).endswith("t=0, parameters=7, groups=2)")


ADAM = r"^Adam.load_state_dict: expected "
FORM = ADAM + "a dict with state and param_groups, got "


def spoilt(**changes: Any) -> dict[str, Any]:
    """A state of Adam on one parameter of shape (1,), changed."""
    p = leaf(1.0)
    optimizer = optim.Adam([p])
    stepped("adam", 1, p, optimizer)
    state = optimizer.state_dict()
    state["state"][0].update(changes)
    return state


@pytest.mark.parametrize(
    ("state", "error", "text"),
    [
        ({}, fg.OptionError, FORM + r"a dict of \[\]; load what state_dict gave"),
        (NET.state_dict(), fg.OptionError, FORM + r"a dict of \['bias', 'weight'\]"),
        (5, fg.DTypeError, FORM + "int; load what state_dict gave"),
        ({"state": {}, "param_groups": [5]}, fg.OptionError, FORM),
        ({"state": {0: 5}, "param_groups": []}, fg.OptionError, FORM),
        (
            optim.SGD([leaf(1.0)], momentum=0.5).state_dict(),
            fg.OptionError,
            ADAM + r"settings \['lr', 'betas', 'eps', 'weight_decay'\], got "
            r"\['lr', 'momentum', 'nesterov', 'weight_decay'\]; load a state of the same opt",
        ),
        (
            {**spoilt(), "state": {1: spoilt()["state"][0]}},
            fg.OptionError,
            ADAM + "states of 1 parameters, got one of number 1; build the optimizer as it",
        ),
        (spoilt(step=-1), fg.OptionError, ADAM + "step, a count, got step=-1; load a state"),
        (spoilt(m=["x"]), fg.DTypeError, ADAM + "m of numbers, got <U1; load a state"),
    ],
)
def test_what_is_no_state_of_it_changes_nothing(state: Any, error: Any, text: str) -> None:
    p = leaf(1.0)
    optimizer = optim.Adam([p], lr=0.5)
    stepped("adam", 2, p, optimizer)
    before = optimizer.state_dict()
    with pytest.raises(error, match=text):
        optimizer.load_state_dict(state)
    assert str(optimizer.state_dict()) == str(before)


def lion(theta: Any, g: Any, m: Any, *, alpha: Any, decay: Any) -> Any:
    """A rule with a letter that no optimizer of the house has."""
    m = decay * m + g
    theta = theta - alpha * sign(m)
    return theta, m


class Lion(optim.Optimizer):
    """A rule and its state, and no `__init__`."""

    rule = staticmethod(lion)
    state_names = ("m",)


def test_a_rule_and_its_states_are_an_optimizer() -> None:
    p = leaf(1.0)
    optimizer = Lion([p], lr=0.25, decay=0.5)
    stepped("lion", 3, p, optimizer)
    assert abs(float(p) - 1) in (0.25, 0.75) and optimizer.state[p]["step"] == 3
    assert repr(optimizer) == "Lion(lr=0.25, decay=0.5, t=3, parameters=1)"
    again = Lion([leaf(1.0)], lr=0.1, decay=0.1)
    again.load_state_dict(optimizer.state_dict())
    assert again.param_groups[0]["lr"] == 0.25


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, r"every scalar of lion, got none for alpha, decay; pass lr=\.\.\., decay=\.\.\.$"),
        ({"lr": 0.1}, r"every scalar of lion, got none for decay; pass decay=\.\.\.$"),
        ({"alpha": 0.1, "decay": 0.1}, r"got none for alpha; pass lr=\.\.\.$"),
        ({"lr": 0.1, "decay": "x"}, "decay, a finite number, got decay='x'; give a"),
    ],
)
def test_scalars_of_a_rule_come_from_the_settings(settings: Any, text: str) -> None:
    with pytest.raises(fg.OptionError, match="^Lion: expected .*" + text):
        Lion([leaf(1.0)], **settings)


@pytest.mark.parametrize("states", [(), ("v",), ("m", "v")])
def test_a_class_whose_states_are_not_those_of_its_rule_is_refused(states: Any) -> None:
    text = re.escape(
        f"Wrong: expected a rule of theta, g and the states {states}, "
        "got lion(theta, g, m); set state_names = ('m',)"
    )
    with pytest.raises(fg.RuleError, match=text):
        type("Wrong", (optim.Optimizer,), {"rule": staticmethod(lion), "state_names": states})
    with pytest.raises(fg.RuleError, match=text):
        type("Wrong", (Lion,), {"state_names": states})


def test_an_optimizer_without_a_rule_is_refused() -> None:
    text = "Optimizer: expected an optimizer with a rule, got none; set rule and state_names"
    with pytest.raises(fg.OptionError, match=text):
        optim.Optimizer([leaf(1.0)], lr=0.1)


@pytest.mark.parametrize("arguments", [["--help"], ["keras"], ["torch", "fusegrad"]])
def test_the_benchmark_lists_its_contenders(
    monkeypatch: Any, capsys: Any, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["adam_step", *arguments])
    with pytest.raises(SystemExit, match=r"^2$"):
        adam_step.main()
    line = "python -m benchmarks.adam_step [fusegrad | torch | torch-fused]\n"
    assert capsys.readouterr().err == line


def test_the_benchmark_runs_without_torch(monkeypatch: Any, capsys: Any) -> None:
    def measured(module: str, names: list[str]) -> dict[str, Any]:
        return {name: {"ms": 2.0, "error": 0.0} for name in names}

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(adam_step, "in_processes", measured)
    monkeypatch.setattr(sys, "argv", ["adam_step"])
    adam_step.main()
    row, note = capsys.readouterr().out.splitlines()
    assert (
        row.startswith("fusegrad ") and note == "torch is not installed: its rows are left out"
    )
    with pytest.raises(SystemExit, match=r"^torch-fused: torch is not installed$"):
        adam_step.chosen(["torch-fused"])
