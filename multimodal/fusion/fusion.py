"""Base of feature-level fusion: branch features, named by modality, become one vector.

Legend: M modalities, f_m (B, d_m) the feature of one, F (B, D) the fused feature, delta =
dL/dF, g_m = dL/df_m. A fusion is built from the widths {name: d_m}, whose order is the order of
the parts in F; where D is free it is the second argument, `width`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...engine import Tensor
from ...engine.ops import shaping
from ...kernels import OptionError, ShapeError
from ..meeting import Meeting


class Fusion(Meeting):
    """Base of feature fusions: knows the names and widths of the parts, and its own width."""

    widths: dict[str, int]  # type: ignore[assignment]

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__(widths)

    @property
    def width(self) -> int:
        """D, the width of F."""
        return sum(self.widths.values())

    def joined(self, features: Mapping[str, Tensor]) -> Tensor:
        """[f_1 .. f_M], (B, sum d_m), in the order of the widths."""
        return shaping.concat([features[name] for name in self.widths], axis=-1)

    def demand_equal_widths(self) -> int:
        """The one width of all parts. Raises: ShapeError where they differ."""
        if len(set(self.widths.values())) > 1:
            expected, repair = "equal widths", "end every branch in the same width"
            raise ShapeError(type(self).__name__, expected, str(self.widths), repair)
        return next(iter(self.widths.values()))


def demand_sizes(where: str, **sizes: int) -> None:
    """Raises: OptionError for a size that is no whole number of 1 or more."""
    for name, size in sizes.items():
        if not hasattr(size, "__index__") or size < 1:
            expected, got = f"a whole {name} of 1 or more", f"{name}={size}"
            raise OptionError(where, expected, got, "count the units it is to have")
