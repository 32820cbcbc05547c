"""States of PyTorch's optimizers in ours and back: both go on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.optim.dialects import DIALECTS, dialect
from fusegrad.optim.schedules import at
from fusegrad.optim.torch_names import NAMES
from tests import dialects_sample as sample

torch = pytest.importorskip("torch", reason="PyTorch is not installed; nothing to compare with")

# rule -> algorithm
RULES = {DIALECTS[a, "torch"].update.program.name: a for a in sample.rows("torch")}
SHAPES = ((2, 3), (), (4,), (5,))
LATE = 2  # the parameter without a gradient at first: it counts its own steps
FIRST, THEN = 7, 9


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """float64 where PyTorch takes its default dtype, as for NAdam's product of mu."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def settings(algorithm: str) -> dict[str, Any]:
    """Settings that show every term, as numbers; coupled decay as well."""
    shown = sample.settings("torch", algorithm, sample.SHOWN_ALL)
    return {"weight_decay": 0.1, **{word: at(value, 1) for word, value in shown.items()}}


def groups(parameters: list[Any]) -> list[dict[str, Any]]:
    return [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 2**-7}]


def pytorch(algorithm: str, parameters: list[Any] | None = None, **given: Any) -> Any:
    """PyTorch's optimizer, on parameters of its own."""
    first = [torch.nn.Parameter(torch.tensor(x)) for x in start()]
    make = sample.LIBRARIES["torch"].function(algorithm)
    return make(groups(first), **{**settings(algorithm), **given})


def mine(algorithm: str, **given: Any) -> optim.Optimizer:
    """Ours, with settings other than those of `pytorch`."""
    first = [fg.Tensor(x, requires_grad=True) for x in start()]
    return dialect(algorithm, "torch")(groups(first), lr=0.5, **given)


def start() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [np.asarray(rng.uniform(1, 2, shape)) for shape in SHAPES]


def parameters(optimizer: Any) -> list[Any]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def stepped(optimizer: Any, steps: range) -> list[np.ndarray]:
    """Parameters after these steps; the same step has the same gradients in both."""
    tensor = fg.Tensor if isinstance(optimizer, optim.Optimizer) else torch.tensor
    for t in steps:
        rng = np.random.default_rng(t)
        for k, p in enumerate(parameters(optimizer)):
            g = np.asarray(rng.standard_normal(SHAPES[k]) * rng.choice([0, 1e-3, 1, 10]))
            p.grad = None if k == LATE and t < FIRST else tensor(g)
        optimizer.step()
    return values(optimizer)


def values(optimizer: Any) -> list[np.ndarray]:
    return [np.array(p.detach().numpy()) for p in parameters(optimizer)]


def place(ours: optim.Optimizer, theirs: Any) -> None:
    """Give both the parameters that have moved on."""
    moved = values(theirs)
    for p, x in zip(parameters(ours), moved, strict=True):
        p.assign_(x)


def check_same(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for got, want in zip(ours, theirs, strict=True):
        assert np.max(abs(got - want) / abs(want)) <= sample.TOLERANCE


def test_every_rule_of_pytorch_is_tried() -> None:
    assert RULES.keys() == NAMES.keys()


@pytest.mark.parametrize("rule", NAMES)
def test_a_state_of_pytorch_goes_on_in_ours(rule: str) -> None:
    theirs, ours = pytorch(RULES[rule]), mine(RULES[rule])
    stepped(theirs, range(FIRST))
    place(ours, theirs)
    ours.load_state_dict(theirs.state_dict())
    assert [g["lr"] for g in ours.param_groups] == [g["lr"] for g in theirs.param_groups]
    more = range(FIRST, FIRST + THEN)
    check_same(stepped(ours, more), stepped(theirs, more))


@pytest.mark.parametrize("rule", NAMES)
def test_a_state_of_ours_goes_on_in_pytorch_and_back(rule: str) -> None:
    theirs, ours = pytorch(RULES[rule], lr=0.25), mine(RULES[rule], **settings_but_lr(rule))
    stepped(ours, range(FIRST))
    with torch.no_grad():
        for q, x in zip(parameters(theirs), values(ours), strict=True):
            q.copy_(torch.tensor(x))
    optim.to_torch(ours, theirs)
    more = range(FIRST, FIRST + THEN)
    check_same(stepped(ours, more), stepped(theirs, more))
    again = mine(RULES[rule])
    place(again, theirs)
    again.load_state_dict(theirs.state_dict())
    last = range(more.stop, more.stop + THEN)
    check_same(stepped(again, last), stepped(theirs, last))


def settings_but_lr(rule: str) -> dict[str, Any]:
    return {k: v for k, v in settings(RULES[rule]).items() if k != "lr"}


def test_numbers_reach_pytorch_in_full_whatever_its_default_dtype() -> None:
    torch.set_default_dtype(torch.float32)
    theirs, ours = pytorch("nadam"), mine("nadam")
    stepped(ours, range(FIRST))
    optim.to_torch(ours, theirs)
    product = theirs.state[parameters(theirs)[0]]["mu_product"]
    assert product.dtype == torch.float64
    assert float(product) == ours.state[parameters(ours)[0]]["mu_product"]


def test_settings_that_are_tensors_become_numbers() -> None:
    betas = (torch.tensor(0.75), torch.tensor(0.875))
    theirs = pytorch("adam", lr=torch.tensor(0.5), betas=betas, foreach=False)
    ours = mine("adam")
    ours.load_state_dict(theirs.state_dict())
    group = ours.param_groups[0]
    assert (group["lr"], group["betas"]) == (0.5, (0.75, 0.875))


def test_pytorchs_sgd_counts_no_steps() -> None:
    theirs, ours = pytorch("momentum"), mine("momentum")
    stepped(theirs, range(FIRST))
    ours.load_state_dict(theirs.state_dict())
    assert {held["step"] for held in ours.state.values()} == {1}


# (ours, PyTorch's, its settings, what is said)
REFUSED = [
    ("adam", "adam", {"amsgrad": True}, "amsgrad=False for adam, got amsgrad=True; take anoth"),
    ("adam", "adam", {"maximize": True}, "maximize=False for adam, got maximize=True; take"),
    ("adam", "adamw", {}, "decoupled_weight_decay=False for adam, got decoupled_weight_decay="),
    ("adamw", "adam", {}, "decoupled_weight_decay=True for adamw, got decoupled_weight_decay="),
    ("amsgrad", "adam", {}, "amsgrad=True for amsgrad_corrected, got amsgrad=False; take"),
    ("adam", "rmsprop", {}, "PyTorch's Adam for adam, got its RMSprop; take another rule"),
    ("adam", "radam", {}, "PyTorch's Adam for adam, got its RAdam; take another rule"),
    ("radam", "adam", {}, "PyTorch's RAdam for radam_torch, got its Adam; take another rule"),
    ("adamax", "radam", {}, "PyTorch's Adamax for adamax_torch, got its RAdam; take another"),
    ("radam", "adamax", {}, "PyTorch's RAdam for radam_torch, got its Adamax; take another"),
    ("sgd", "momentum", {}, "momentum=0 for sgd, got momentum=0.875; take another rule"),
    ("momentum", "nesterov", {}, "nesterov=False for momentum, got nesterov=True; take"),
    ("momentum", "momentum", {"dampening": 0.5}, "dampening=0 for momentum, got dampening=0.5"),
    ("adagrad", "adagrad", {"lr_decay": 0.5}, "lr_decay=0 for adagrad, got lr_decay=0.5; take"),
    ("rmsprop", "rmsprop_momentum", {}, "momentum=0 for rmsprop, got momentum=0.875; take"),
    ("rmsprop", "rmsprop_centred", {}, "centered=False for rmsprop, got centered=True; take"),
]


@pytest.mark.parametrize("steps", [0, 2], ids=["fresh", "used"])
@pytest.mark.parametrize(("algorithm", "other", "given", "text"), REFUSED)
def test_another_rule_is_refused(
    algorithm: str, other: str, given: Any, text: str, steps: int
) -> None:
    theirs, ours = pytorch(other, **given), mine(algorithm)
    stepped(ours, range(2))
    stepped(theirs, range(steps))
    before, before_theirs = str(ours.state_dict()), str(theirs.state_dict())
    where = f"^{type(ours).__name__}.load_state_dict: expected "
    with pytest.raises(fg.OptionError, match=where + text):
        ours.load_state_dict(theirs.state_dict())
    with pytest.raises(fg.OptionError, match="^to_torch: expected " + text):
        optim.to_torch(ours, theirs)
    assert (str(ours.state_dict()), str(theirs.state_dict())) == (before, before_theirs)


def test_a_rule_that_pytorch_does_not_have_is_refused() -> None:
    ours = optim.Lion(groups([fg.Tensor(x, requires_grad=True) for x in start()]))
    text = "expected a rule that PyTorch computes too, got lion; rules that are the same: adam,"
    with pytest.raises(fg.OptionError, match="^Lion.load_state_dict: " + text):
        ours.load_state_dict(pytorch("adam").state_dict())
    with pytest.raises(fg.OptionError, match="^to_torch: " + text):
        optim.to_torch(ours, pytorch("adam"))


def test_a_state_without_one_of_its_names_is_refused() -> None:
    theirs, ours = pytorch("adam"), mine("adam")
    stepped(theirs, range(2))
    state = theirs.state_dict()
    del state["state"][0]["exp_avg"]
    text = r"expected state \['exp_avg', 'exp_avg_sq'\], got \['exp_avg_sq', 'step'\]; take"
    with pytest.raises(fg.OptionError, match="^Adam.load_state_dict: " + text):
        ours.load_state_dict(state)
    assert not ours.state


def test_other_groups_and_shapes_and_schedules_are_refused() -> None:
    ours = mine("adam")
    theirs = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
    text = r"^to_torch: expected groups of \[1, 3\] parameters, got \[1\]; build both alike$"
    with pytest.raises(fg.OptionError, match=text):
        optim.to_torch(ours, theirs)
    other = torch.optim.Adam(groups([torch.nn.Parameter(torch.zeros(2)) for _ in SHAPES]))
    text = r"^to_torch: expected a parameter of shape \(2, 3\), got \(2,\); build both alike$"
    with pytest.raises(fg.ShapeError, match=text):
        optim.to_torch(ours, other)
    ours.param_groups[0]["lr"] = sample.SHOWN["lr"]
    text = "^to_torch: expected settings that are numbers, got a schedule; set a number, and"
    with pytest.raises(fg.OptionError, match=text):
        optim.to_torch(ours, pytorch("adam"))
