"""Losses of labels, numbers and distributions: each with every reduction and option."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from fusegrad.nn.loss.labels import LabelLoss
from tests.layer_cases.case import Case

Inputs = Callable[[np.random.Generator], tuple[Any, ...]]
REDUCTIONS = ("mean", "sum", "none")
MODE: dict[str, Any] = {"modes": ("train",)}  # of a loss all modes are one
WEIGHT = np.array([0.5, 2.0, 1.25])


def every(name: str, inputs: Inputs, *options: dict[str, Any], **more: Any) -> list[Case]:
    """A loss with each reduction, then with each of some options."""
    cases: list[Case] = []
    for option in (*({"reduction": how} for how in REDUCTIONS), *options):
        said = " ".join(f"{k}={'given' if np.ndim(v) else v}" for k, v in option.items())
        cases.append(Case(f"{name} {said}", made(name, **option), inputs, **MODE, **more))
    return cases


def made(name: str, **options: Any) -> Callable[..., Any]:
    """How either library makes a loss; its class is the first word of the name."""
    kind = name.split()[0].rstrip(",")

    def build(library: Any, rng: Any = None) -> Any:
        given = options
        if library is not nn:
            import torch

            given = {k: torch.tensor(v) if np.ndim(v) else v for k, v in options.items()}
        return getattr(library, kind)(**given)

    return build


# ---- what losses are given ------------------------------------------------------------------
def classes(*shape: int, ignored: bool = False) -> Inputs:
    """Scores of a shape (N, C, d...) and labels."""

    def draw(rng: np.random.Generator) -> tuple[Any, ...]:
        labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
        if ignored:
            labels.reshape(-1)[::2] = -100
        return 2 * rng.standard_normal(shape), labels

    return draw


def probabilities(*shape: int) -> Inputs:
    """Scores, and numbers above 0 in the place of labels."""
    return lambda rng: (rng.standard_normal(shape), rng.uniform(0.1, 1, shape))


def pair(*shape: int) -> Inputs:
    return lambda rng: tuple(np.array(k * rng.standard_normal(shape)) for k in (1, 1.5))


def shares(*shape: int) -> Inputs:
    """Logits, and targets between 0 and 1."""
    return lambda rng: (3 * rng.standard_normal(shape), rng.uniform(0.1, 0.9, shape))


def signed(*shapes: tuple[int, ...]) -> Inputs:
    """Arrays of shapes, and targets of 1 and -1 in the last of the shapes."""

    def draw(rng: np.random.Generator) -> tuple[Any, ...]:
        *floats, shape = shapes
        return (*(rng.standard_normal(s) for s in floats), rng.choice([-1, 1], shape))

    return draw


def positive(*shapes: tuple[int, ...]) -> Inputs:
    """A prediction, then numbers above 0."""
    first, *rest = shapes
    return lambda rng: (rng.standard_normal(first), *(rng.uniform(0.2, 3, s) for s in rest))


def quietly(layer: Any, *given: Any) -> Any:
    """PyTorch's KLDivLoss warns of its own default."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return layer(*given)


CASES = [
    # ---- labels
    *every("CrossEntropyLoss", classes(5, 3), {"weight": WEIGHT}, {"label_smoothing": 0.1},
           {"weight": WEIGHT, "label_smoothing": 0.2}, {"label_smoothing": 1.0},
           {"weight": WEIGHT, "reduction": "sum"}, {"weight": WEIGHT, "reduction": "none"},
           {"ignore_index": 2}, {"ignore_index": 0, "weight": WEIGHT}),
    *every("CrossEntropyLoss of an image", classes(2, 3, 2, 2, ignored=True),
           {"weight": WEIGHT}, {"label_smoothing": 0.1},
           {"weight": WEIGHT, "label_smoothing": 0.1},
           {"weight": WEIGHT, "label_smoothing": 0.1, "reduction": "none"}),
    *every("CrossEntropyLoss of one row",
           lambda rng: (rng.standard_normal(3), np.array(1)), {"weight": WEIGHT}),
    *every("CrossEntropyLoss, empty batch", classes(0, 3), {"weight": WEIGHT}),
    *every("CrossEntropyLoss of probabilities", probabilities(4, 3), {"weight": WEIGHT},
           {"label_smoothing": 0.2}, {"weight": WEIGHT, "label_smoothing": 0.2},
           {"weight": WEIGHT, "reduction": "none"}),
    *every("CrossEntropyLoss of probabilities of an image", probabilities(2, 3, 2),
           {"weight": WEIGHT}, {"label_smoothing": 0.2}),
    Case("CrossEntropyLoss of probabilities of one row", made("CrossEntropyLoss"),
         probabilities(3)),
    *every("NLLLoss", classes(5, 3), {"weight": WEIGHT}, {"ignore_index": 1},
           {"weight": WEIGHT, "reduction": "none"}),
    *every("NLLLoss of an image", classes(2, 3, 2, ignored=True), {"weight": WEIGHT}),
    *every("FocalLoss", classes(5, 3), {"weight": WEIGHT}, {"gamma": 0.5}, {"gamma": 0.0},
           {"ignore_index": 1}, peer=False),
    *every("FocalLoss of an image", classes(2, 3, 2, ignored=True), peer=False),
    # ---- one logit
    *every("BCEWithLogitsLoss", shares(4, 3), {"pos_weight": WEIGHT}, {"weight": WEIGHT},
           {"weight": WEIGHT[:1], "pos_weight": WEIGHT, "reduction": "none"}),
    *every("BCEWithLogitsLoss of truths", signed((5,), (5,)), call=lambda layer, x, y: (
        layer(x, y == 1)), torch_call=lambda layer, x, y: layer(x, (y == 1).to(x.dtype))),
    *every("BinaryFocalLoss", shares(4, 2), {"alpha": None}, {"gamma": 0.0}, {"gamma": 3.5},
           peer=False),
    # ---- real numbers
    *every("MSELoss", pair(3, 2)),
    *every("MSELoss of a number", pair()),
    *every("MSELoss of whole numbers", signed((3, 2), (3, 2))),
    *every("L1Loss", pair(3, 2)),
    *every("HuberLoss", pair(4, 3), {"delta": 0.5}, {"delta": 3.0}),
    *every("SmoothL1Loss", pair(4, 3), {"beta": 0.5}, {"beta": 0.0}),
    # ---- distributions
    *every("KLDivLoss", lambda rng: (rng.standard_normal((3, 4)), rng.dirichlet(WEIGHT, 4).T),
           {"reduction": "batchmean"}, torch_call=quietly),
    *(Case(f"KLDivLoss of logarithms {how}", made("KLDivLoss", log_target=True, reduction=how),
           pair(3, 4), torch_call=quietly, **MODE) for how in (*REDUCTIONS, "batchmean")),
    *every("GaussianNLLLoss", positive((3, 2), (3, 2), (3, 2)), {"full": True}),
    *every("GaussianNLLLoss of one var a row", positive((3, 2), (3, 2), (3, 1)), {"eps": 0.1}),
    *every("GaussianNLLLoss of a var a row, without its axis", positive((3, 2), (3, 2), (3,))),
    Case("GaussianNLLLoss of a var of inf",
         lambda nn, **rng: nn.GaussianNLLLoss(reduction="none"),
         lambda rng: (*rng.standard_normal((2, 3)), np.array([1.0, np.inf, 2.0])), order=0,
         **MODE),
    *every("PoissonNLLLoss", positive((4, 3), (4, 3)), {"full": True}),
    *every("PoissonNLLLoss of rates", lambda rng: (*rng.uniform(0.3, 3, (2, 4, 3)),),
           {"log_input": False}, {"log_input": False, "full": True, "eps": 0.1}),
]  # fmt: skip

X, Y = np.zeros((2, 3)), np.array([0, 1])
REFUSED = [
    (lambda: nn.L1Loss(reduction="max"), OptionError,
     "L1Loss: expected reduction in mean, sum, none, got 'max'; choose one of these"),
    (lambda: nn.MSELoss(reduction="batchmean"), OptionError,
     "MSELoss: expected reduction in mean, sum, none, got 'batchmean'; choose one of these"),
    (lambda: nn.KLDivLoss(reduction="max"), OptionError,
     "KLDivLoss: expected reduction in mean, sum, none, batchmean, got 'max'; choose one of "
     "these"),
    (lambda: nn.HuberLoss(delta=0), OptionError,
     "HuberLoss: expected delta > 0, got 0; give another delta"),
    (lambda: nn.SmoothL1Loss(beta=-1.0), OptionError,
     "SmoothL1Loss: expected beta >= 0, got -1.0; give another beta"),
    (lambda: nn.FocalLoss(gamma=-2.0), OptionError,
     "FocalLoss: expected gamma >= 0, got -2.0; give another gamma"),
    (lambda: nn.CrossEntropyLoss(label_smoothing=1.5), OptionError,
     "CrossEntropyLoss: expected label_smoothing in [0, 1], got 1.5; give another "
     "label_smoothing"),
    (lambda: nn.BinaryFocalLoss(alpha=2), OptionError,
     "BinaryFocalLoss: expected alpha in [0, 1], got 2; give another alpha"),
    # ---- shapes and dtypes
    (lambda: nn.MSELoss()(X, X[0]), ShapeError,
     "MSELoss: expected a target of shape (2, 3), got (3,); reshape one of them"),
    (lambda: nn.BCEWithLogitsLoss()(X, X[:, :1]), ShapeError,
     "BCEWithLogitsLoss: expected a target of shape (2, 3), got (2, 1); reshape one of them"),
    (lambda: nn.L1Loss()([1, 2], [1, 2]), DTypeError,
     "L1Loss: expected a prediction of floats, got int64; use astype(np.float32)"),
    (lambda: nn.CrossEntropyLoss()(X, Y[:1]), ShapeError,
     "CrossEntropyLoss: expected labels of shape (2,), got (1,); reshape one of them"),
    (lambda: nn.CrossEntropyLoss()(X, X[:, 0]), DTypeError,
     "CrossEntropyLoss: expected integer labels, or probabilities of shape (2, 3), got float64 "
     "of shape (2,); convert labels with astype(int)"),
    (lambda: nn.NLLLoss()(X, X[:, 0]), DTypeError,
     "NLLLoss: expected integer labels, got float64; convert with astype(int)"),
    (lambda: nn.CrossEntropyLoss()(X, X.astype(int)), ShapeError,
     "CrossEntropyLoss: expected labels of shape (2,), got (2, 3); reshape one of them"),
    (lambda: nn.CrossEntropyLoss()(X.astype(int), Y), DTypeError,
     "CrossEntropyLoss: expected scores of floats, got int64; use astype(np.float32)"),
    (lambda: nn.CrossEntropyLoss()(X, Y + 2), OptionError,
     "CrossEntropyLoss: expected labels in [0, 3), got 2 to 3; number classes from 0"),
    (lambda: nn.NLLLoss()(X, Y - 1), OptionError,
     "NLLLoss: expected labels in [0, 3), got -1 to 0; number classes from 0"),
    (lambda: nn.NLLLoss()(1.0, 0), ShapeError,
     "NLLLoss: expected scores (N, C, ...) or (C,), got (); give one score for each class"),
    (lambda: nn.NLLLoss([1.0, 2.0])(X, Y), ShapeError,
     "NLLLoss: expected a weight of shape (3,), got (2,); reshape one of them"),
    (lambda: nn.CrossEntropyLoss(ignore_index=1)(X, X), OptionError,
     "CrossEntropyLoss: expected labels, of which some are left out, got ignore_index=1; "
     "weight the rows instead"),
    (lambda: LabelLoss()(X, Y), OptionError,
     "LabelLoss: expected a method of_rows, got none; define one"),
    (lambda: nn.BCEWithLogitsLoss(pos_weight=[1.0, 2.0])(X, X), ShapeError,
     "BCEWithLogitsLoss: expected a pos_weight that broadcasts to (2, 3), got (2,); reshape "
     "it"),
    (lambda: nn.BCEWithLogitsLoss(X)(X[0], X[0]), ShapeError,
     "BCEWithLogitsLoss: expected a weight that broadcasts to (3,), got (2, 3); reshape it"),
    (lambda: nn.KLDivLoss(reduction="batchmean")(0.0, 1.0), ShapeError,
     "KLDivLoss: expected a batch for batchmean, got (); use reduction sum"),
    (lambda: nn.GaussianNLLLoss()(X, X, X[0]), ShapeError,
     "GaussianNLLLoss: expected a var of shape (2, 3) or with its last axis 1, got (3,); "
     "reshape it"),
    (lambda: nn.GaussianNLLLoss()(X, X, X - 1), OptionError,
     "GaussianNLLLoss: expected a var of 0 or more, got -1.0; let softplus or exp make it"),
    (lambda: nn.MSELoss()(X, X + 1j), DTypeError,
     "MSELoss: expected a target of real numbers, got complex128; take a part of it"),
]  # fmt: skip
