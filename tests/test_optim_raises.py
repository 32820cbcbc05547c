"""Every refusal of optim/ and of sparse gradients: its text in full; and that none is missing
here."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine import Tensor, sparse
from fusegrad.engine.sparse import SparseRows
from fusegrad.kernels import DTypeError, OptionError, RuleError, ShapeError
from fusegrad.optim.schedules import Constant, Schedule, Step
from tests.ops_sample import refused
from tests.optim_refusals_sample import REST
from tests.optim_sample import leaf

P = leaf(1.0)
RATE = {"weight_decay": 0.0, "lr": 0.1}
SAVED = optim.Adam([leaf(1.0)]).state_dict()
HELD = {"step": 1, "m": np.ones(1), "v": np.ones(1)}
TORCH = {**SAVED["param_groups"][0], "amsgrad": False, "foreach": None}


def stepped(g: Any, make: Any = optim.Adam) -> None:
    p = leaf(1.0)
    p.grad = g
    make([p]).step()


def explained(index: Any, g: Any = P) -> None:
    p = leaf(1.0, (2, 3))
    p.grad = None if g is None else Tensor(np.ones((2, 3)))
    optim.Adam([p]).explain(p, index)


def loaded(make: Any = optim.Adam, **changes: Any) -> None:
    make([leaf(1.0)]).load_state_dict({**SAVED, **changes})


def torchs(groups: list[Any], **settings: Any) -> None:
    """To an optimizer that looks like one of PyTorch's."""
    sizes = [{**g, "params": [Tensor(np.zeros(s)) for s in g["params"]]} for g in groups]
    theirs = SimpleNamespace(param_groups=sizes, state_dict=lambda: {"param_groups": groups})
    optim.to_torch(optim.Adam([leaf(1.0)], **settings), theirs)


def made(rule: Any, **attributes: Any) -> Any:
    return type("Own", (optim.Optimizer,), {"rule": staticmethod(rule), **attributes})


def on_the_host(theta: Any, g: Any, *, c: Any, alpha: Any) -> Any:
    c = c * alpha
    theta = theta - c * g
    return theta, c


def sgd(theta: Any, g: Any, *, alpha: Any) -> Any:
    theta = theta - alpha * g
    return (theta,)


class NoFormula(Schedule):
    """Of nothing."""


ADAM = optim.Functional(optim.Adam)
LOAD, SAME = "Adam.load_state_dict: expected ", "; load a state of the same optimizer"
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: optim.dialect("lion", "torch"), OptionError,
     "dialect: expected one of adadelta, adagrad, adam, adamax, adamw, amsgrad, momentum, "
     "nadam, nesterov, radam, rmsprop, rmsprop_centred, rmsprop_centred_momentum, "
     "rmsprop_momentum, sgd, got 'lion', 'torch'; see optim.dialects.DIALECTS"),
    (lambda: optim.dialect("adam", "jax"), OptionError,
     "dialect: expected one of paper, torch, keras, optax, got 'adam', 'jax'; see "
     "optim.dialects.DIALECTS"),
    # parameters.py
    (lambda: optim.Adam([]), OptionError,
     "Adam: expected at least one parameter, got none; pass module.parameters()"),
    (lambda: optim.Adam([{"lr": 1}]), OptionError,
     "Adam: expected a group, a dict with params, got {'lr': 1}; write {'params': "
     "net.parameters(), ...}"),
    (lambda: optim.Adam([Tensor(1.0)]), DTypeError,
     "Adam: expected leaves that require a gradient, got Tensor(1.); pass module.parameters()"),
    (lambda: optim.Adam([P, P]), OptionError,
     "Adam: expected each parameter once, got theta twice; remove one of them"),
    (lambda: optim.Adam(5), DTypeError,
     "Adam: expected parameters, got 5; pass net.parameters()"),
    # launch.py
    (lambda: stepped(np.ones(1)), DTypeError,
     "Adam: expected a Tensor or SparseRows as gradient, got ndarray; set grad = Tensor(...)"),
    (lambda: stepped(Tensor([1.0, 2.0])), ShapeError,
     "Adam: expected a gradient of shape (1,), got (2,); let backward fill grad"),
    (lambda: stepped(SparseRows([0], [1.0], (1,))), OptionError,
     "Adam: expected a dense gradient, since every row moves or fades at every step, got "
     "SparseRows; pass gradient.dense(), or take SGD, Adagrad or LazyAdam without weight "
     "decay"),
    # torch_names.py
    (lambda: loaded(optim.Lion, param_groups=[TORCH]), OptionError,
     "Lion.load_state_dict: expected a rule that PyTorch computes too, got lion; rules that "
     "are the same: adam, adamw, amsgrad_corrected, adamax_torch, nadam_torch, radam_torch, "
     "adadelta, adagrad, rmsprop, rmsprop_momentum_torch, rmsprop_centred_torch, "
     "rmsprop_centred_momentum_torch, sgd, momentum, nesterov"),
    (lambda: loaded(optim.SGD, param_groups=[TORCH]), OptionError,
     "SGD.load_state_dict: expected PyTorch's SGD for sgd, got its Adam; take another rule"),
    (lambda: loaded(param_groups=[{**TORCH, "amsgrad": True}]), OptionError,
     f"{LOAD}amsgrad=False for adam, got amsgrad=True; take another rule"),
    (lambda: loaded(param_groups=[TORCH], state={0: {"step": 1, "exp_avg": 1}}), OptionError,
     f"{LOAD}state ['exp_avg', 'exp_avg_sq'], got ['exp_avg', 'step']; take another rule"),
    (lambda: torchs([{**TORCH, "params": [1, 1]}]), OptionError,
     "to_torch: expected groups of [1] parameters, got [2]; build both alike"),
    (lambda: torchs([{**TORCH, "params": [2]}]), ShapeError,
     "to_torch: expected a parameter of shape (1,), got (2,); build both alike"),
    (lambda: torchs([{**TORCH, "params": [1]}], lr=Constant(0.1)), OptionError,
     "to_torch: expected settings that are numbers, got a schedule; set a number, and take "
     "PyTorch's scheduler"),
    # rules.py
    (lambda: made(sgd, state_names=("m",)), RuleError,
     "Own: expected a rule of theta, g and the states ('m',), got sgd(theta, g); set "
     "state_names = ()"),
    (lambda: optim.Optimizer([P], lr=0.1), OptionError,
     "Optimizer: expected an optimizer with a rule, got none; set rule and state_names in a "
     "class of your own"),
    (lambda: made(sgd)([P]), OptionError,
     "Own: expected settings for every scalar of sgd, got none for alpha; pass lr=..."),
    (lambda: made(on_the_host)([P], lr=0.1), OptionError,
     "Own: expected a start of c, got none; set starts = {'c': 1.0}"),
    # settings.py and schedules.py
    (lambda: optim.SGD([{"params": [P], "momentum": 0.5}]), OptionError,
     "SGD: expected settings among lr, weight_decay, got momentum; remove or rename it"),
    (lambda: optim.SGD([{"params": [P], "nesterov": True}], momentum=0.5), OptionError,
     "SGD: expected nesterov=False in every group, got nesterov=True; it chooses the rule: "
     "build another"),
    (lambda: optim.SGD([P], lr=-1), OptionError,
     "SGD: expected 0 <= lr < inf, got lr=-1; give a value in the range"),
    (lambda: optim.SGD([P], lr=NoFormula()), OptionError,
     "NoFormula: expected a schedule with a formula, got none; define __call__(t)"),
    (lambda: Step(1.0, every=0), OptionError,
     "Step: expected every >= 1, got every=0; count steps from 1"),
    # functional.py
    (lambda: optim.Functional(optim.Adam, skip_non_finite=True), OptionError,
     "Functional: expected settings of the rule, got skip_non_finite; leave out what guards "
     "its memory"),
    (lambda: ADAM.update(P, P, ADAM.init(P), rho=1.0), OptionError,
     "update: expected settings among lr, betas, eps, got rho; give the others to Functional"),
    # state.py
    (lambda: loaded(state={1: HELD}), OptionError,
     f"{LOAD}states of 1 parameters, got one of number 1; build the optimizer as it was saved"),
    (lambda: optim.Adam([P]).load_state_dict(5), DTypeError,
     f"{LOAD}a dict with state and param_groups, got int; load what state_dict gave"),
    (lambda: optim.Adam([P]).load_state_dict({}), OptionError,
     f"{LOAD}a dict with state and param_groups, got a dict of []; load what state_dict gave"),
    (lambda: loaded(param_groups=[]), OptionError,
     f"{LOAD}groups of [1] parameters, got []; build the optimizer as it was saved"),
    (lambda: loaded(param_groups=[{"params": [0], **RATE}]), OptionError,
     f"{LOAD}settings ['lr', 'betas', 'eps', 'weight_decay'], got ['weight_decay', 'lr']"
     f"{SAME}"),
    (lambda: loaded(state={0: {"step": 1, "m": 1.0}}), OptionError,
     f"{LOAD}state ['m', 'step', 'v'], got ['m', 'step']{SAME}"),
    (lambda: loaded(state={0: {**HELD, "v": np.ones(2)}}), ShapeError,
     f"{LOAD}v of shape (1,), got (2,); load the same network's state"),
    (lambda: loaded(state={0: {**HELD, "v": np.array(["x"])}}), DTypeError,
     f"{LOAD}v of numbers, got <U1{SAME}"),
    (lambda: loaded(state={0: {**HELD, "step": 0.5}}), OptionError,
     f"{LOAD}step, a count, got step=0.5{SAME}"),
    # explain.py
    (lambda: explained(0, None), OptionError,
     "Adam.explain: expected a parameter with a gradient, got theta that has none, is frozen "
     "or is not trained here; call it before step"),
    (lambda: explained(2), OptionError,
     "explain: expected an index into (2, 3), got 2: index 2 is out of bounds for axis 0 with "
     "size 2; write (row, column)"),
    (lambda: explained(1), OptionError,
     "explain: expected an index of one element that moves, got 1, which picks 3; write (row, "
     "column)"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "text"), REFUSED + REST)
def test_refusal_says_what_was_expected_what_came_and_the_cure(
    wrong: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    with refused(kind, text):
        wrong()
    assert P.numpy().tolist() == [1.0] and issubclass(kind, fg.FusegradError)


def passed(wrong: Callable[[], Any]) -> set[tuple[str, int]]:
    """The lines that the error of a refused call passed through."""
    with pytest.raises(fg.FusegradError) as caught:
        wrong()
    return {(str(entry.path), entry.lineno + 1) for entry in caught.traceback}


def test_every_raise_is_refused_here() -> None:
    paths = [*Path(optim.__file__).parent.rglob("*.py"), Path(sparse.__file__)]
    raises = {
        (str(path), node.lineno)
        for path in paths
        if path != Path(optim.__file__)  # has no errors but Python's own
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and node.exc  # a bare raise passes on what came
    }
    seen = set().union(*(passed(wrong) for wrong, _, _ in REFUSED + REST))
    assert raises and not raises - seen
