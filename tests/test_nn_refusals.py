"""What layers, initialisers and checkpoints refuse, and the words they do it in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import SafetensorError

import fusegrad as fg
from fusegrad import nn
from fusegrad.multimodal import Gate


def linear() -> nn.Linear:
    return nn.Linear(3, 2, rng=np.random.default_rng(0))


DRAWS: list[Callable[[Any], object]] = [
    lambda rng: nn.Linear(3, 2, rng=rng),
    lambda rng: nn.EmbeddingBag(3, 2, rng=rng),
    lambda rng: nn.Dropout(rng=rng),
    lambda rng: nn.Dropout2d(rng=rng),
    lambda rng: Gate({"a": 2}, rng=rng),
    lambda rng: nn.init.uniform(rng, (2,), 1.0),
    lambda rng: nn.init.normal(rng, (2,)),
    lambda rng: nn.init.xavier_uniform(rng, (2, 3)),
    lambda rng: nn.init.kaiming_normal(rng, (2, 3)),
    lambda rng: nn.init.lecun_uniform(rng, (2, 3)),
    lambda rng: nn.init.truncated_normal(rng, (2,)),
    lambda rng: nn.init.orthogonal(rng, (2, 3)),
    lambda rng: nn.init.sparse(rng, (2, 3), 0.5),
]


@pytest.mark.parametrize("draw", DRAWS)
def test_every_draw_wants_a_generator(draw: Callable[[Any], object]) -> None:
    text = r"^rng: expected a numpy Generator, got {}; pass np\.random\.default_rng\(0\)$"
    for seed in (0, None):
        with pytest.raises(fg.DTypeError, match=text.format(seed)):
            draw(seed)


def test_linear_takes_lists_as_arrays() -> None:
    layer, x = linear(), [[1.0, 2.0, 3.0]]
    assert np.array_equal(layer(x).numpy(), layer(np.array(x)).numpy())
    for number in (3.0, np.float32(3.0)):
        with pytest.raises(
            fg.ShapeError, match=r"Linear: expected x of shape \(\.\.\., 3\), got \(\); reshape"
        ):
            layer(number)


class Mine(nn.Module):
    """A module that is not of the house."""


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Tanh, r"got the class Tanh; write nn\.Tanh\(\)$"),
        (Mine, r"got the class Mine; write Mine\(\)$"),
        (3, r"got 3; pass modules such as nn\.Tanh\(\)$"),
        ([nn.Tanh()], r"got a list; unpack it: nn\.Sequential\(\*layers\)$"),
    ],
)
def test_sequential_holds_modules_only(layer: Any, text: str) -> None:
    with pytest.raises(fg.DTypeError, match="^Sequential: expected modules, " + text):
        nn.Sequential(nn.Tanh(), layer)


def test_a_module_is_no_state(tmp_path: Path) -> None:
    text = r"save: expected a state, arrays by name, got Linear; pass net\.state_dict\(\)"
    with pytest.raises(fg.DTypeError, match=text):
        nn.save(linear(), tmp_path / "net")  # type: ignore[arg-type]
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"x": np.array(["a"])}, r"save: x: expected numbers, got dtype <U1; leave it out"),
        ({"x": None}, r"save: x: expected numbers, got dtype object; leave it out"),
        ({1: np.ones(2)}, r"save: expected texts as names, got 1; pass net\.state_dict\(\)"),
    ],
)
def test_save_names_what_is_no_state(state: Any, text: str, tmp_path: Path) -> None:
    with pytest.raises(fg.DTypeError, match=f"^{text}$"):
        nn.save(state, tmp_path / "net")


def test_load_names_a_folder(tmp_path: Path) -> None:
    text = f"load: expected a file, got the folder {re.escape(str(tmp_path))}; name a file"
    with pytest.raises(fg.OptionError, match=f"^{text} in it$"):
        nn.load(tmp_path)


def test_save_names_the_place_it_cannot_write_to(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    text = f"save: expected a folder to write in, got {re.escape(str(missing))} "
    with pytest.raises(fg.OptionError, match=text + r"\(.*\); make the folder") as caught:
        nn.save({"x": np.ones(2)}, missing / "net")
    assert ".tmp" not in str(caught.value) and isinstance(caught.value.__cause__, OSError)
    text = f"save: expected a file, got the folder {re.escape(str(tmp_path))}; name a file"
    with pytest.raises(fg.OptionError, match=text):
        nn.save({"x": np.ones(2)}, tmp_path)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("content", ["", "no tensors"])
def test_load_names_a_file_of_another_kind(tmp_path: Path, content: str) -> None:
    path = tmp_path / "net"
    path.write_text(content, encoding="utf-8")
    text = f"load: expected a safetensors file, got {re.escape(str(path))}; give a file that"
    with pytest.raises(fg.OptionError, match=text) as caught:
        nn.load(path)
    assert isinstance(caught.value.__cause__, SafetensorError)


def test_load_of_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        nn.load(tmp_path / "absent")
