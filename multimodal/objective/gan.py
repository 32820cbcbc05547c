"""Cross-modal GAN: one modality made from another, until nobody can tell it from a real one."""

from __future__ import annotations

from typing import Any

from ...engine import Tensor
from ...engine.ops.activations import softplus
from ...nn import Module
from ...optim import Optimizer
from ..presence import Present, read_presence
from .batch import added, rows_of, tensor


class CrossModalGAN(Module):
    """min_G max_D E_b log D(b) + E_a log(1 - D(G(a))), where D = sigmoid(discriminator).

        loss_D = mean softplus(-s(b)) + mean softplus(s(G(a)))
        loss_G = mean softplus(-s(G(a)))           -log D(G(a)), non-saturating
               = -mean softplus(s(G(a)))           log(1 - D(G(a))), with `saturating`

    s are the logits of the discriminator, so that no D rounds to 0 or 1. Rows of a and b need
    not belong together: each mean is over the rows that are there, and is 0 where none is.
    Backward: of loss_D ds(b) = -sigmoid(-s) / N_b and ds(G(a)) = sigmoid(s) / N_a; of loss_G
    ds(G(a)) = -sigmoid(-s) / N_a, saturating -sigmoid(s) / N_a, which dies where D is sure that
    it is no b. In the step of D, G is cut off: G(a) is detached. In the step of G, D is frozen:
    the error flows through it to G, but `step` asks for the gradients of G's parameters alone
    (`backward(inputs=...)`), so that D's are neither computed nor changed.
    Shapes: a (N_a, ...), b (N_b, ...); generator a -> like b; discriminator b -> (N, 1), (N,)
    or any shape of logits.
    Source: Goodfellow et al. 2014.
    """

    def __init__(
        self,
        generator: Module,
        discriminator: Module,
        saturating: bool = False,
        *,
        source: str = "a",
        target: str = "b",
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.saturating, self.source, self.target = saturating, source, target

    def forward(self, a: Any) -> Tensor:
        """G(a)."""
        made: Tensor = self.generator(a)
        return made

    def discriminator_loss(self, a: Any, b: Any, present: Present | None = None) -> Tensor:
        """What D minimises; nothing flows to G or a."""
        a, b = self._there(self.source, a, present), self._there(self.target, b, present)
        terms = [softplus(-self.discriminator(b)).mean()] if len(b) else []
        if len(a):
            terms.append(softplus(self.discriminator(self.generator(a).detach())).mean())
        return added(terms, b)

    def generator_loss(self, a: Any, present: Present | None = None) -> Tensor:
        """What G minimises; its gradient flows through D."""
        a = self._there(self.source, a, present)
        if not len(a):
            return added([], a)
        s = self.discriminator(self.generator(a))
        loss: Tensor = -softplus(s).mean() if self.saturating else softplus(-s).mean()
        return loss

    def step(
        self,
        a: Any,
        b: Any,
        generator_optimizer: Optimizer,
        discriminator_optimizer: Optimizer,
        present: Present | None = None,
    ) -> tuple[float, float]:
        """One step of D, then one of G against the new D. Gives (loss_D, loss_G), each from
        before its own step; an optimizer whose loss reaches nothing does not move."""
        sides = (
            (self.discriminator, discriminator_optimizer),
            (self.generator, generator_optimizer),
        )
        losses = []
        for (part, optimizer), is_first in zip(sides, (True, False)):
            loss = (
                self.discriminator_loss(a, b, present)
                if is_first
                else self.generator_loss(a, present)
            )
            part.zero_grad()
            own = [p for p in part.parameters() if p.requires_grad]
            if loss.requires_grad and own:
                loss.backward(inputs=own)
                optimizer.step()
            losses.append(float(loss))
        return losses[0], losses[1]

    def _there(self, name: str, x: Any, present: Present | None) -> Tensor:
        x = tensor(x)
        mask = {n: m for n, m in (present or {}).items() if n == name}
        return rows_of(x, read_presence([name], len(x), mask).together(name))

    def extra_repr(self) -> str:
        return f"{self.source} to {self.target}, saturating={self.saturating}"
