"""Base of decision-level fusion: the logits of every modality become one row of logits.

Legend: z_m (B, C) the logits of one modality, p_m = softmax(z_m), z (B, C) what all decide.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...engine import Tensor
from ...kernels import ShapeError
from ..meeting import Features, Meeting
from ..presence import Presence, Present


class Decision(Meeting):
    """Base of decisions: built from the names of the modalities."""

    def __init__(self, names: Sequence[str]) -> None:
        if isinstance(names, str) or len(set(names)) != len(list(names)):
            repair = "pass a list such as ['image', 'text']"
            raise ShapeError(
                type(self).__name__, "a list of distinct names", repr(names), repair
            )
        super().__init__(dict.fromkeys(names))

    def gathered(
        self, features: Features, present: Present | None
    ) -> tuple[dict[str, Tensor], Presence]:
        """As of `Meeting`. Raises: ShapeError also where the numbers of classes differ."""
        values, here = super().gathered(features, present)
        shapes = {name: values[name].shape for name in features}
        if len(set(shapes.values())) > 1:
            where, repair = type(self).__name__, "let every head give as many"
            raise ShapeError(where, "logits of one number of classes", str(shapes), repair)
        return values, here
