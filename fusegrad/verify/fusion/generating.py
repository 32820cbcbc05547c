"""Cases of objectives that make one modality from others, or play one side against another.

Noise is drawn by a generator made anew in every call, so that differences see one function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ... import nn
from ...engine import Tensor
from ...multimodal import objective
from .case import WIDTHS, Case, Names, Present, equal_vectors
from .parts import (
    Fixed,
    decoders,
    encoders,
    gaussian_heads,
    probabilities,
    tokens,
    words,
)

Build = Callable[[Names, np.random.Generator], nn.Module]
Given = Mapping[str, Any]
NUM_WORDS, LAM = 3, 0.7


def _autoencoder(across: float, own: float) -> Build:
    def build(names: Names, rng: np.random.Generator) -> nn.Module:
        weights = {(i, j): own if i == j else across for i in names for j in names}
        parts = encoders(names, rng), decoders(names, rng)
        return objective.CrossModalAutoencoder(*parts, weights)

    return build


def _vae(likelihood: str, training: str, **settings: Any) -> Build:
    def build(names: Names, rng: np.random.Generator) -> nn.Module:
        parts = gaussian_heads(names, rng), decoders(names, rng)
        kinds = dict.fromkeys(names, likelihood)
        return objective.MultimodalVAE(*parts, kinds, training=training, rng=rng, **settings)

    return build


def _with_the_same_noise(m: Any, x: Given, here: Present) -> Tensor:
    m.rng = np.random.default_rng(21)
    loss: Tensor = m(x, here)
    return loss


def _gan(generator: str, saturating: bool = False) -> Build:
    def build(names: Names, rng: np.random.Generator) -> nn.Module:
        d = WIDTHS["a"]
        made: nn.Module = nn.Tanh() if generator == "fixed" else nn.Linear(d, d, rng=rng)
        critic = nn.Sequential(nn.Linear(d, 2, rng=rng), nn.Tanh(), nn.Linear(2, 1, rng=rng))
        ends = {"source": "noise", "target": "a"} if generator == "fixed" else {}
        return objective.CrossModalGAN(made, critic, saturating, **ends)

    return build


def _discriminated(m: Any, x: Given, here: Present) -> Tensor:
    """What G makes is cut off from its input and parameters: the input is a constant here, and
    G has none."""
    noise = np.random.default_rng(22).standard_normal((2, WIDTHS["a"]))
    loss: Tensor = m.discriminator_loss(noise, x["a"], here)
    return loss


def _generated(m: Any, x: Given, here: Present) -> Tensor:
    """The parameters of D are moved as well: only `step` leaves them out."""
    loss: Tensor = m.generator_loss(x["a"], here)
    return loss


def _named(names: Names, rng: np.random.Generator) -> nn.Module:
    classifier = nn.Linear(3, len(names), rng=rng)
    return objective.ModalityAdversary(classifier, names, lam=-1.0)


def _named_by_one_who_is_fixed(names: Names, rng: np.random.Generator) -> nn.Module:
    return objective.ModalityAdversary(Fixed(3, len(names), rng), names, lam=LAM)


def _reversed_twice(m: Any, x: Given, here: Present) -> Tensor:
    """Features get -lam dL/df by the first reversal; times -1 / lam by the second it must be
    dL/df, which differences know."""
    return objective.reverse_gradient(m(x, here), 1 / LAM)


def _decoder(reduction: str) -> Build:
    def build(names: Names, rng: np.random.Generator) -> nn.Module:
        widths = {n: WIDTHS[n] for n in names}
        decoder = objective.SequenceDecoder(widths, NUM_WORDS, 2, reduction=reduction, rng=rng)
        return decoder

    return build


def _told(m: Any, x: Given, here: Present) -> Tensor:
    sentences, lengths = words(len(x["a"]), NUM_WORDS)
    loss: Tensor = m(x, sentences, lengths, here)
    return loss


def _case(name: str, what: str, build: Build, source: str, **settings: Any) -> Case:
    return Case(name, "objective", what, build, source=source, **settings)


ONE = {"counts": (1,)}
NGIAM, WU, GOODFELLOW = "Ngiam et al. 2011", "Wu & Goodman 2018", "Goodfellow et al. 2014"
GANIN, PHAM = "Ganin et al. 2016", "Pham et al. 2019"
DRAWN: dict[str, Any] = {"call": _with_the_same_noise}
OF_D: dict[str, Any] = {"call": _discriminated, **ONE}
OF_G: dict[str, Any] = {"call": _generated, **ONE}
EQUAL: dict[str, Any] = {"inputs": equal_vectors}
TOLD: dict[str, Any] = {"inputs": tokens, "call": _told}

GENERATING = [
    _case(
        "autoencoder", "sum_ij mean ||D_j(E_i(x_i)) - x_j||^2", _autoencoder(1.0, 1.0), NGIAM
    ),
    _case(
        "autoencoder, weighted",
        "sum_ij lambda_ij mean ||D_j(E_i(x_i)) - x_j||^2",
        _autoencoder(0.6, 0.2),
        NGIAM,
        counts=(2,),
    ),
    _case("VAE, joint", "-ELBO(all)", _vae("gaussian", "joint", beta=0.5), WU, **DRAWN),
    _case(
        "VAE, joint and unimodal",
        "-ELBO(all) - sum_m ELBO({m}) - ELBO(a drawn set)",
        _vae("gaussian", "unimodal", subsets=1),
        WU,
        counts=(1, 2, 3),
        **DRAWN,
    ),
    _case(
        "VAE, Bernoulli",
        "-ELBO(all), x of 0 to 1",
        _vae("bernoulli", "joint"),
        WU,
        inputs=probabilities,
        counts=(2,),
        **DRAWN,
    ),
    _case("GAN, D", "softplus(-s(b)) + softplus(s(G(a)))", _gan("fixed"), GOODFELLOW, **OF_D),
    _case("GAN, G", "softplus(-s(G(a)))", _gan("learned"), GOODFELLOW, **OF_G),
    _case(
        "GAN, G, saturating",
        "-softplus(s(G(a)))",
        _gan("learned", saturating=True),
        GOODFELLOW,
        **OF_G,
    ),
    _case(
        "modality adversary, classifier",
        "CE(c(f_m), m), lam = -1: the reversal is the identity",
        _named,
        GANIN,
        **EQUAL,
    ),
    _case(
        "modality adversary, features",
        "CE(c(f_m), m), reversed by lam, then by 1 / lam",
        _named_by_one_who_is_fixed,
        GANIN,
        call=_reversed_twice,
        **EQUAL,
    ),
    _case(
        "sequence decoder", "-sum_t log p(y_t | y_<t, E(x))", _decoder("sequence"), PHAM, **TOLD
    ),
    _case(
        "sequence decoder, by word",
        "-mean_t log p(y_t | y_<t, E(x))",
        _decoder("token"),
        PHAM,
        counts=(2,),
        **TOLD,
    ),
]
