"""MCB: the outer product of the features, hashed into D numbers without being formed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops import elementwise
from ...engine.ops.einsum import einsum
from ...engine.ops.indexing import pick
from ...kernels.device import to_device
from ...nn import Buffer
from ..presence import Presence
from .fusion import Fusion, demand_sizes
from .shares import or_neutral

ROUNDED = 1e-4  # within about this of 0 the signed square root is a straight line


class MCB(Fusion):
    """F = psi_1 (*) .. (*) psi_M, the circular convolution of count sketches psi_m[k] = sum of
    s_m[i] f_m[i] over the i of hash h_m[i] = k: the count sketch of the outer product, since
    F[k] = sum of s_1[i] f_1[i] .. s_M[j] f_M[j] over all h_1[i] + .. + h_M[j] = k modulo D.

    Hashes and signs are drawn once, are never learned, and belong to the state.
    With `normalize`, F becomes y / sqrt(|y|^2 + e) with y = x / (sqrt(|x| + e) + sqrt(e)), e =
    1e-4, which is sign(x) (sqrt(|x| + e) - sqrt(e)). It is off unless asked for: the signed
    square root of the paper has no derivative at 0, where a branch that is 0 puts all of F.
    With e the slope there is 50, and that of both steps 5000, still much.
    Backward: psi_m receives delta correlated with the convolution of all other psi, and f_m[i]
    what came to place h_m[i], times s_m[i]. A branch that is 0 stops all others.
    Shapes: f_m (B, d_m) -> F (B, D). A missing modality's sketch is 1 at 0 and else 0, which
    leaves the convolution of the others as it is. Of features of variance 1, F has variance
    prod d_m / D: without `normalize`, put a norm layer behind it.
    Raises: OptionError for a width below 1.
    Differs: computed by shifts that add up, in O(B d D) a modality, not by a Fourier transform:
    without its rounding, and dearer for a D in the thousands.
    Source: Fukui et al. 2016, algorithm 1; Pham & Pagh 2013.
    """

    hashes: dict[str, Buffer]
    signs: dict[str, Buffer]

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        normalize: bool = False,
        *,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths)
        demand_sizes("MCB", width=width)
        self._width, self.normalize = width, normalize
        self.hashes, self.signs = {}, {}
        for name, d in self.widths.items():
            self.hashes[name] = Buffer(rng.integers(0, width, d), f"hashes of {name}")
            signs = rng.choice(np.array([-1, 1], np.float32), d)
            self.signs[name] = Buffer(signs, f"signs of {name}")

    @property
    def width(self) -> int:
        return self._width

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        like = next(iter(features.values()))
        impulse = np.zeros((here.rows, self.width), like.dtype)
        impulse[:, 0] = 1  # whose convolution with anything is that
        F: Any = Tensor(to_device(impulse, like.device))
        for name, f in features.items():
            F = or_neutral(here[name], self._convolved(F, name, f), F)
        return _normalized(F) if self.normalize else F

    def _convolved(self, F: Any, name: str, f: Tensor) -> Tensor:
        """F (*) psi of a modality: every element shifts F by its hash, and all add up."""
        hashes = np.asarray(to_device(self.hashes[name].data, "cpu"))
        places = (np.arange(self.width) - hashes[:, None]) % self.width  # (d, D)
        return einsum("bi,bik->bk", self.signs[name] * f, pick(F, (slice(None), places)))

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, width={self.width}, normalize={self.normalize}"


def _normalized(x: Any) -> Tensor:
    """The signed square root, and then length 1, or less near 0."""
    y = x / (elementwise.sqrt(elementwise.absolute(x) + ROUNDED) + ROUNDED**0.5)
    return y * elementwise.rsqrt((y * y).sum(axis=1, keepdims=True) + ROUNDED)
