r"""The page docs/dialects.md: what each library computes under a name, and how far apart two of
them get.

    python -m tools.dialects_table            prints the page
    python -m tools.dialects_table --write    writes docs/dialects.md
"""

from __future__ import annotations

import math
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels import Update
from fusegrad.optim.dialects import DIALECTS
from tests.dialects_sample import LIBRARIES, STEPS, TOLERANCE

PAGE = Path(__file__).resolve().parents[1] / "docs" / "dialects.md"
LR, EPS, COUNT, BETA2 = 0.01, 1e-3, 12, 0.999
SIZES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
PACKAGES = ("torch", "keras", "jax", "optax")
WITH = "Compared with: "

HEAD = """\
# Dialects: one name, several rules

Made by `python -m tools.dialects_table --write`. Adam in PyTorch and Adam in Keras are two
formulas; {many} of the {all} names below stand for more than one.
`optim.dialect(algorithm, library)` is the rule that a library computes under a name, with that
library's settings; `"paper"` is whoever published it.

```python
>>> import fusegrad as fg
>>> from fusegrad import optim
>>> optim.dialect("adam", "keras").says
'the efficient ordering: eps beside the raw root'
>>> optim.dialect("adam", "keras")([fg.Tensor(1.0, requires_grad=True)])
AdamEpsHat(lr=0.001, betas=(0.9, 0.999), eps_hat=1e-07, t=0, parameters=1)

```
"""
EPSILON = r"""
## Why eps means two things

The Adam paper gives its rule twice. Algorithm 1 divides by the corrected root plus eps. The end
of section 2 moves both corrections into the step size, which saves work, and divides by the raw
root plus another number, $\hat\epsilon$ (`eps_hat` here). The two agree only for
$\hat\epsilon = \epsilon \sqrt{{1 - \beta_2^t}}$, which changes with t: at t = 1 and
beta2 = {beta2}, a fixed `eps_hat` acts like an eps {factor:.1f} times as large. PyTorch and
optax compute the first, Keras the second, and all call the number eps or epsilon.

No one notices while gradients are much larger than eps. This is how far {count} steps of
lr = {lr} go with eps = {eps:g} under a gradient that stays the same:

| gradient | Algorithm 1 | efficient ordering | share of the way |
|---|---|---|---|
"""
TABLE = """
## Who computes what

*There* is what to call in the library, *here* the class of the rule. Defaults are the library's
own, in PyTorch's words. optax has none for the step size, for which 0.001 stands here; a
momentum has to be asked for in each library, and 0.9 stands for it.

| algorithm | library | there | here | says | defaults |
|---|---|---|---|---|---|
"""
FORMULAS = """
## The rules that differ

From the code that runs. A name that is missing here is the same rule everywhere, apart from its
settings.
"""
TESTS = """
## How this is known

`tests/test_dialects_torch.py`, `tests/test_dialects_keras.py` and
`tests/test_dialects_optax.py` run every row beside the library, over {steps} steps in float64,
on gradients of both signs, zeros among them, and of sizes 1e-4 to 10: with settings that show
every term and a step size that changes; with the library's own defaults; with coupled weight
decay, where the library has it. Parameters, and PyTorch's states, agree to {tolerance:g},
relative to the largest that an element had been. The defaults in the table are held against the
signatures.

{versions}

## What is not the same

- A denominator of 0 is no move here; with eps = 0 and a gradient of 0, libraries give nan.
- A variance that rounding made negative (centred RMSProp) counts as 0 here; libraries take the
  root of it.
- `weight_decay` of a dialect is added to the gradient (coupled), as in PyTorch, unless its rule
  has a decay of its own. Keras shrinks the weights instead, whatever the optimizer; for Adam
  that is the row of adamw.
- PyTorch's SparseAdam is `LazyAdam` in the efficient ordering: its eps is `eps_hat`, unlike
  that of PyTorch's Adam.
- PyTorch keeps NAdam's product of mu in its default dtype, float32, whatever the parameters
  are. It is float64 here.
- Keras keeps the step size in its `floatx`, float32 unless told otherwise: 0.001 is then off by
  5e-8. It is float64 here.
"""


def page(versions: str) -> str:
    """The whole page, with a line about versions."""
    names = {algorithm: rules(algorithm) for algorithm, _ in DIALECTS}
    many = [name for name, found in names.items() if len(found) > 1]
    head = HEAD.format(many=len(many), all=len(names))
    factor = 1 / math.sqrt(1 - BETA2)
    epsilon = EPSILON.format(beta2=BETA2, factor=factor, count=COUNT, lr=LR, eps=EPS)
    table = TABLE + "".join(map(line, DIALECTS))
    shown = FORMULAS + "".join(formulas(name, names[name]) for name in many)
    tests = TESTS.format(steps=STEPS, tolerance=TOLERANCE, versions=versions)
    return head + epsilon + gaps() + table + shown + tests


def rules(algorithm: str) -> dict[Update, list[str]]:
    """The rules that stand under a name, and who computes each."""
    found: dict[Update, list[str]] = {}
    for (name, library), known in DIALECTS.items():
        if name == algorithm:
            found.setdefault(known.update, []).append(title(library))
    return found


def moved(optimizer: type[optim.Optimizer], **eps: float) -> np.ndarray:
    """How far COUNT steps go under gradients of these SIZES."""
    p = fg.Tensor(np.zeros(len(SIZES)), requires_grad=True)
    made = optimizer([p], lr=LR, betas=(0.9, BETA2), **eps)
    for _ in range(COUNT):
        p.grad = fg.Tensor(np.array(SIZES))
        made.step()
    return -p.numpy()


def gaps() -> str:
    """Adam in its two orderings."""
    first, second = moved(optim.Adam, eps=EPS), moved(optim.AdamEpsHat, eps_hat=EPS)
    return "".join(
        f"| {size:g} | {a:.5f} | {b:.5f} | {b / a:.0%} |\n"
        for size, a, b in zip(SIZES, first, second, strict=True)
    )


def line(row: tuple[str, str]) -> str:
    """One row of the table."""
    (algorithm, library), known = row, DIALECTS[row]
    settings = ", ".join(f"{word} {value}" for word, value in known.settings.items())
    says, here = known.says.replace("|", "\\|"), f"`{known.optimizer.__name__}`"
    cells = (algorithm, title(library), there(*row), here, says, settings)
    return f"| {' | '.join(cells)} |\n"


def title(library: str) -> str:
    return LIBRARIES[library].title if library in LIBRARIES else library


def there(algorithm: str, library: str) -> str:
    """What to call in the library."""
    if library not in LIBRARIES:
        return ""
    known = LIBRARIES[library]
    name, said = known.names[algorithm]
    switches = ", ".join(f"{k}={v}" for k, v in said.items())
    return f"`{known.module}.{name}{f'({switches})' if said else ''}`"


def formulas(algorithm: str, found: dict[Update, list[str]]) -> str:
    """The rules under a name."""
    return f"\n### {algorithm}\n" + "".join(
        f"\n**{', '.join(users)}**\n\n"
        f"```math\n\\begin{{aligned}}\n{fg.latex(update)}\n\\end{{aligned}}\n```\n"
        for update, users in found.items()
    )


def versions() -> str:
    """What is installed, as the page says it."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {metadata.version(package).partition('+')[0]}")
        except metadata.PackageNotFoundError:
            sys.exit(f"{package} is not installed: the page names what it was compared with")
    return WITH + ", ".join(found) + "."


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(versions()), encoding="utf-8")
    else:
        print(page(versions()))
