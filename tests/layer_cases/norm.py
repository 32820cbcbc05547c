"""LayerNorm, RMSNorm, GroupNorm, BatchNorm and InstanceNorm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.case import Case

Shape = tuple[int, ...]


def normal(*shape: int) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """Inputs with an offset, so that a mean that is not taken off would show."""
    return lambda rng: (rng.standard_normal(shape) + 0.5,)


def case(name: str, *args: Any, shape: Shape, modes: Any = None, **named: Any) -> Case:
    """A row for a layer of this name, called on an input of a shape."""
    settings = ", ".join([*map(str, args), *(f"{k}={v}" for k, v in named.items())])
    text = f"{name}({settings}) of {'x'.join(map(str, shape))}"
    build = lambda nn, rng=None: getattr(nn, name)(*args, **named)  # noqa: E731
    return Case(text, build, normal(*shape), modes=modes or ("train", "eval"))


def tracked(name: str, shape: Shape, **named: Any) -> Iterator[Case]:
    """Both kinds of statistics, each with and without weights."""
    for affine in (True, False):
        for kept in (True, False):
            yield case(name, 3, shape=shape, affine=affine, track_running_stats=kept, **named)


CASES = [
    case("LayerNorm", 5, shape=(3, 5)),
    case("LayerNorm", (2, 4), shape=(3, 2, 4), eps=1e-3),
    case("LayerNorm", [4], shape=(2, 3, 4), elementwise_affine=False),
    case("LayerNorm", 4, shape=(2, 3, 4), bias=False),
    case("LayerNorm", 4, shape=(4,)),
    case("LayerNorm", 4, shape=(0, 4)),
    case("LayerNorm", 1, shape=(3, 1), eps=0.1),
    case("RMSNorm", 5, shape=(3, 5)),
    case("RMSNorm", (2, 4), shape=(3, 2, 4), eps=1e-3),
    case("RMSNorm", 4, shape=(2, 3, 4), elementwise_affine=False),
    case("RMSNorm", 4, shape=(1, 4)),
    case("RMSNorm", 4, shape=(0, 4)),
    case("GroupNorm", 2, 4, shape=(3, 4, 5)),
    case("GroupNorm", 1, 3, shape=(1, 3, 2, 3), eps=1e-3),
    case("GroupNorm", 3, 3, shape=(2, 3, 4), affine=False),
    case("GroupNorm", 2, 6, shape=(3, 6), bias=False),
    case("GroupNorm", 3, 3, shape=(2, 3), eps=0.1),
    case("GroupNorm", 2, 4, shape=(0, 4, 5)),
    *tracked("BatchNorm1d", (4, 3)),
    *tracked("BatchNorm1d", (2, 3, 3)),
    case("BatchNorm1d", 3, shape=(4, 3), momentum=None, bias=False),
    case("BatchNorm1d", 3, shape=(1, 3, 5), momentum=0.0, eps=1e-2),
    case("BatchNorm1d", 3, shape=(5, 3), momentum=1.0),
    case("BatchNorm1d", 3, shape=(1, 3), modes=("eval",)),
    case("BatchNorm1d", 3, shape=(0, 3), modes=("eval",)),
    case("BatchNorm1d", 3, shape=(0, 3), track_running_stats=False),
    *tracked("BatchNorm2d", (2, 3, 2, 3)),
    case("BatchNorm2d", 2, shape=(1, 2, 3, 1), momentum=None),
    case("BatchNorm2d", 2, shape=(0, 2, 3, 3), modes=("eval",)),
    *tracked("InstanceNorm1d", (2, 3, 4)),
    case("InstanceNorm1d", 3, shape=(3, 4), affine=True, bias=False),
    case("InstanceNorm1d", 3, shape=(3, 4), track_running_stats=True, eps=1e-2),
    case("InstanceNorm1d", 3, shape=(2, 3, 1), track_running_stats=True, modes=("eval",)),
    case("InstanceNorm1d", 3, shape=(0, 3, 4)),
    *tracked("InstanceNorm2d", (2, 3, 2, 2), momentum=0.3),
    case("InstanceNorm2d", 2, shape=(2, 3, 2), affine=True, track_running_stats=True),
]


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape, dtype)


ONE = "expected more than one number for each mean, got x of shape"
GIVE = "give a larger x (DataLoader has drop_last), or call eval()"
REFUSED = [
    (lambda: nn.LayerNorm((2, 3))(ones(4, 3)), ShapeError,
     "LayerNorm: expected x of shape (..., 2, 3), got (4, 3); build LayerNorm for this shape"),
    (lambda: nn.LayerNorm(3)(ones()), ShapeError,
     "LayerNorm: expected x of shape (..., 3), got (); build LayerNorm for this shape"),
    (lambda: nn.RMSNorm(3)(ones(3, 4)), ShapeError,
     "RMSNorm: expected x of shape (..., 3), got (3, 4); build RMSNorm for this shape"),
    (lambda: nn.LayerNorm(()), ShapeError,
     "LayerNorm: expected normalized_shape of one axis or more, got (); give x's last lengths"),
    (lambda: nn.RMSNorm(2.5), DTypeError,
     "RMSNorm: expected whole lengths, got shape=2.5; convert them with int"),
    (lambda: nn.LayerNorm(3)(ones(2, 3, dtype=int)), DTypeError,
     "LayerNorm: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: nn.GroupNorm(2, 3), OptionError,
     "GroupNorm: expected num_groups that divides num_channels, got 2, 3; change one of them"),
    (lambda: nn.GroupNorm(0, 3), OptionError,
     "GroupNorm: expected num_groups that divides num_channels, got 0, 3; change one of them"),
    (lambda: nn.GroupNorm(1, 3)(ones(2, 4)), ShapeError,
     "GroupNorm: expected x of shape (N, 3, ...), got (2, 4); put channels second"),
    (lambda: nn.GroupNorm(1, 3)(ones(2, 3, dtype=int)), DTypeError,
     "GroupNorm: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: nn.BatchNorm1d(3)(ones(2, 4)), ShapeError,
     "BatchNorm1d: expected x of shape (N, 3) or (N, 3, L), got (2, 4); move or add axes"),
    (lambda: nn.BatchNorm2d(3)(ones(2, 3, 4)), ShapeError,
     "BatchNorm2d: expected x of shape (N, 3, H, W), got (2, 3, 4); move or add axes"),
    (lambda: nn.InstanceNorm1d(3)(ones(3)), ShapeError,
     "InstanceNorm1d: expected x of shape (3, L) or (N, 3, L), got (3,); move or add axes"),
    (lambda: nn.BatchNorm2d(3)([[1]]), DTypeError,
     "BatchNorm2d: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: nn.BatchNorm1d(3)(ones(1, 3)), ShapeError, f"BatchNorm1d: {ONE} (1, 3); {GIVE}"),
    (lambda: nn.BatchNorm2d(3, track_running_stats=False).eval()(ones(1, 3, 1, 1)), ShapeError,
     f"BatchNorm2d: {ONE} (1, 3, 1, 1); {GIVE}"),
    (lambda: nn.InstanceNorm1d(3).eval()(ones(2, 3, 1)), ShapeError,
     f"InstanceNorm1d: {ONE} (2, 3, 1); {GIVE}"),
    (lambda: nn.BatchNorm1d(3, momentum=1.5), OptionError,
     "BatchNorm1d: expected momentum in [0, 1], got momentum=1.5; 0.1 is the usual one"),
    (lambda: nn.BatchNorm1d(-3), ShapeError,
     "BatchNorm1d: expected lengths of 0 or more, got shape=-3; give no -1 here"),
    (lambda: nn.GroupNorm(1, -3), ShapeError,
     "GroupNorm: expected lengths of 0 or more, got shape=(1, -3); give no -1 here"),
    (lambda: nn.InstanceNorm2d(3, momentum=None, track_running_stats=True), OptionError,
     "InstanceNorm2d: expected a momentum to follow statistics with, got None; it counts no "
     "batches to average over; 0.1 is the usual one"),
]  # fmt: skip
