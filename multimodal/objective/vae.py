"""Multimodal VAE: one hidden cause of all modalities, found from whichever are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.elementwise import exp, square
from ...engine.ops.random import generator, normal
from ...engine.ops.shaping import as_array, data_of
from ...kernels import OptionError, ShapeError
from ...kernels.device import to_device
from ...nn import Linear, Module
from ..experts import product_of_experts
from ..presence import Presence, Present, masked
from .batch import added, each_row, factors, modules, read_batch
from .likelihood import LIKELIHOODS

TRAININGS = ("joint", "unimodal")


class GaussianHead(Module):
    """mu = x W_mu^T + b_mu, logvar = x W_lv^T + b_lv: the end of an encoder of a VAE.

    Shapes: x (B, d) -> (B, latent) twice.
    """

    def __init__(self, in_features: int, latent: int, *, rng: np.random.Generator) -> None:
        self.mu = Linear(in_features, latent, rng=rng)
        self.logvar = Linear(in_features, latent, rng=rng)

    def forward(self, x: Any) -> tuple[Tensor, Tensor]:
        return self.mu(x), self.logvar(x)


def kl_to_standard_normal(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) = sum (exp(logvar) + mu^2 - 1 - logvar) / 2.

    Shapes: (B, d) twice -> (B,). Units: nats.
    """
    return each_row(exp(logvar) + square(mu) - 1.0 - logvar) * 0.5


class MultimodalVAE(Module):
    """ELBO(A) = sum_(m in A) lambda_m log p(x_m | z) - beta KL(q(z | x_A) || N(0, 1)), with
    z = mu + eps * exp(logvar / 2), eps ~ N(0, 1), and q the product of the experts in A.

    forward gives -ELBO(all) of `training` "joint"; of "unimodal" -ELBO(all) - sum_m
    -ELBO({m}), by which every expert also learns to speak alone; and `subsets` more, of sets
    drawn anew each time. Each is a mean over the samples that have one of A or more.
    Backward: dmu = dz, dlogvar = dz * eps * exp(logvar / 2) / 2, each beside the KL's mu and
    (exp(logvar) - 1) / 2; from there see `product_of_experts`.
    Shapes: x_m (B, ...); encoder m gives mu_m, logvar_m (B, latent); decoder m takes z (B,
    latent) and gives the mean of x_m, or its logits where the likelihood is "bernoulli".
    Units: nats. Constants are kept: where lambda and beta are 1 it bounds log p(x).
    Raises: OptionError, DTypeError, ShapeError for settings, inputs or modules that do not fit.
    Differs: the toolkits' mean over elements is here a sum, as in the bound.
    Source: Wu & Goodman 2018; Kingma & Welling 2014.
    """

    def __init__(
        self,
        encoders: Mapping[str, Module],
        decoders: Mapping[str, Module],
        likelihoods: Mapping[str, str] | None = None,
        *,
        weights: Mapping[str, float] | None = None,
        beta: float = 1.0,
        training: str = "unimodal",
        subsets: int = 0,
        rng: np.random.Generator,
    ) -> None:
        where = type(self).__name__
        self.encoders = modules(where, "encoders", encoders)
        self.decoders = modules(where, "decoders", decoders)
        self.names, self.rng = list(self.encoders), generator(rng)
        self.weights: dict[str, float] = factors(where, "weights", weights, self.names)
        self.likelihoods = dict.fromkeys(self.names, "gaussian") | dict(likelihoods or {})
        self.beta, self.terms, self.subsets = beta, training, subsets
        self._check()

    def forward(self, inputs: Mapping[str, Any], present: Present | None = None) -> Tensor:
        values, here = read_batch(type(self).__name__, self.names, inputs, present)
        alone = [[name] for name in self.names] if self.terms == "unimodal" else []
        sets = [self.names, *alone, *self._drawn_sets()]
        bounds = [self._mean_bound(names, values, here) for names in sets]
        return -added([b for b in bounds if b is not None], next(iter(values.values())))

    def elbo(
        self,
        inputs: Mapping[str, Any],
        present: Present | None = None,
        *,
        of: Sequence[str] | None = None,
        noise: Any = None,
    ) -> Tensor:
        """ELBO(A) of each sample, A being `of`, or all inputs. `noise` is eps, else drawn.

        Shapes: -> (B,); noise (B, latent). A sample that has nothing of A reads 0.
        """
        where = f"{type(self).__name__}.elbo"
        values, here = read_batch(where, self.names, inputs, present)
        names = self._some(where, list(values if of is None else of), values)
        return self._bound(names, values, here, noise)

    def posterior(
        self,
        inputs: Mapping[str, Any],
        present: Present | None = None,
        *,
        of: Sequence[str] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """mu and logvar of q(z | x_A). Shapes: (B, latent) twice."""
        where = f"{type(self).__name__}.posterior"
        values, here = read_batch(where, self.names, inputs, present)
        names = self._some(where, list(values if of is None else of), values)
        return self._posterior(names, values, here)

    def reconstruct(self, inputs: Mapping[str, Any], from_: Sequence[str], to: str) -> Tensor:
        """The decoder `to` at the mean of q(z | x_from): one modality from others."""
        where = f"{type(self).__name__}.reconstruct"
        self._some(where, [to], self.decoders)
        return self.decoders[to](self.posterior(inputs, of=from_)[0])

    # ---- one bound ------------------------------------------------------------------------
    def _posterior(
        self, names: Sequence[str], values: Mapping[str, Tensor], here: Presence
    ) -> tuple[Tensor, Tensor]:
        told = {n: self.encoders[n](masked(values[n], here[n])) for n in names if n in values}
        mus, logvars = ({n: pair[k] for n, pair in told.items()} for k in (0, 1))
        return product_of_experts(mus, logvars, here)

    def _bound(
        self, names: Sequence[str], values: Mapping[str, Tensor], here: Presence, noise: Any
    ) -> Tensor:
        mu, logvar = self._posterior(names, values, here)
        z = mu + exp(logvar * 0.5) * self._noise(mu, noise)
        terms = [self._fit(n, z, values[n], here[n]) for n in names if n in values]
        bound = added(terms, z) - kl_to_standard_normal(mu, logvar) * self.beta
        return masked(bound, _any(names, here))

    def _fit(self, name: str, z: Tensor, x: Tensor, mask: np.ndarray) -> Tensor:
        """lambda_m log p(x_m | z) of each sample, 0 where it is missing. Shapes: (B,)."""
        made, x = self.decoders[name](z), masked(x, mask)
        if made.shape != x.shape:
            where, repair = f"{type(self).__name__}, decoder {name}", "end it in that shape"
            raise ShapeError(where, f"an output {x.shape}", str(made.shape), repair)
        fit = each_row(LIKELIHOODS[self.likelihoods[name]](made, x))
        return masked(fit, mask) * self.weights[name]

    def _mean_bound(
        self, names: Sequence[str], values: Mapping[str, Tensor], here: Presence
    ) -> Tensor | None:
        """The mean over the samples that have one of the names; None where no sample has."""
        found = int(_any(names, here).sum())
        return self._bound(names, values, here, None).sum() / found if found else None

    def _noise(self, mu: Tensor, given: Any) -> Any:
        noise = normal(self.rng, mu.shape, dtype=mu.dtype) if given is None else as_array(given)
        return to_device(data_of(noise), mu.device).astype(mu.dtype)

    def _drawn_sets(self) -> list[list[str]]:
        """Sets of two or more names, but not of all, drawn as they are needed."""
        sizes = range(2, len(self.names))
        pool = [list(c) for k in sizes for c in combinations(self.names, k)]
        return [pool[self.rng.integers(len(pool))] for _ in range(self.subsets) if pool]

    # ---- what it is given -----------------------------------------------------------------
    def _some(self, where: str, names: list[str], among: Mapping[str, Any]) -> list[str]:
        if not names or any(n not in among for n in names):
            raise OptionError(where, f"names among {list(among)}", str(names), "see the inputs")
        return names

    def _check(self) -> None:
        where, repair = type(self).__name__, "see its docstring"
        if list(self.decoders) != self.names:
            got = str(list(self.decoders))
            raise OptionError(where, f"decoders {self.names}", got, "name both alike")
        odd = {n: k for n, k in self.likelihoods.items() if k not in LIKELIHOODS}
        if odd or self.likelihoods.keys() - set(self.names):
            expected = f"likelihoods {', '.join(LIKELIHOODS)} of {self.names}"
            raise OptionError(where, expected, str(self.likelihoods), repair)
        if self.terms not in TRAININGS:
            expected = f"training in {', '.join(TRAININGS)}"
            raise OptionError(where, expected, repr(self.terms), repair)
        if not (self.beta >= 0 and self.subsets >= 0):
            got = f"beta={self.beta}, subsets={self.subsets}"
            raise OptionError(where, "beta and subsets of 0 or more", got, repair)


def _any(names: Sequence[str], here: Presence) -> np.ndarray:
    """Which samples have one of the names."""
    return np.asarray(np.any([here[n] for n in names], axis=0))
