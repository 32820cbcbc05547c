"""Samples made one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data, nn
from fusegrad.data import DataLoader, TensorDataset
from tests.ops_sample import refused


class Point(NamedTuple):
    at: np.ndarray
    name: str


def test_samples_are_stacked_field_by_field() -> None:
    samples = [
        (float(i), i, np.float32(i), fg.Tensor([i, 1.0]), Point(np.ones(2, "f4") * i, f"p{i}"),
         {"mask": [True, i > 0], "pair": (i % 2 == 0, [[i], [2]])})
        for i in range(3)
    ]  # fmt: skip
    x, k, half, t, point, rest = data.collate(samples)
    assert x.tolist() == [0.0, 1.0, 2.0] and x.dtype == np.float64
    assert k.tolist() == [0, 1, 2] and k.dtype == np.int64
    assert half.dtype == np.float32 and half.shape == (3,)
    assert isinstance(t, fg.Tensor) and t.numpy().tolist() == [[0, 1], [1, 1], [2, 1]]
    assert type(point) is Point and point.name == ["p0", "p1", "p2"]
    assert point.at.dtype == np.float32 and point.at.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert rest["mask"].tolist() == [[True, False], [True, True], [True, True]]
    assert rest["pair"][0].tolist() == [True, False, True]
    assert rest["pair"][1].tolist() == [[[0], [2]], [[1], [2]], [[2], [2]]]


def test_numbers_arrays_and_forms_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    samples = [({"a": 0.5 * i, "b": (i, np.arange(3) * i)}, "x") for i in range(4)]
    mine, theirs = data.collate(samples), torch.utils.data.default_collate(samples)
    assert mine[1] == list(theirs[1])
    for a, b in zip(
        (mine[0]["a"], *mine[0]["b"]), (theirs[0]["a"], *theirs[0]["b"]), strict=True
    ):
        assert a.dtype == b.numpy().dtype and np.array_equal(a, b.numpy())


def test_gradients_pass_through_a_stack_of_tensors() -> None:
    w = fg.Tensor([2.0], requires_grad=True)
    data.collate([w * 3.0, w * 5.0]).sum().backward()
    assert w.grad.numpy().tolist() == [8.0]


def test_a_collate_of_ones_own_gets_samples_and_pads() -> None:
    texts = [(np.array([1.0, 2.0, 3.0]), 0), (np.array([4.0]), 1), (np.array([5.0, 6.0]), 1)]

    def padded(samples: list[Any]) -> tuple[Any, np.ndarray]:  # as the docstring shows
        words, labels = zip(*samples)
        return nn.pad_sequence(words, batch_first=True), np.array(labels)

    first, second = DataLoader(texts, 2, collate=padded)
    assert np.asarray(first[0]).tolist() == [[1, 2, 3], [4, 0, 0]]
    assert first[1].tolist() == [0, 1] and np.asarray(second[0]).tolist() == [[5, 6]]
    rows = TensorDataset(np.arange(11))  # samples, also of a set that takes rows
    assert list(DataLoader(rows, 3, collate=len)) == [3, 3, 3, 2]


OWN = "give the DataLoader a collate of your own, which pads or lists them"
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: data.collate([(np.ones(2), 1), (np.ones(3), 1)]), fg.ShapeError,
     f"collate: field 0: expected values of one shape, got (2,) and (3,); {OWN}"),
    (lambda: data.collate([{"a": {"b": [1]}}, {"a": {"b": [1, 2]}}]), fg.ShapeError,
     f"collate: field a.b: expected values of one shape, got (1,) and (2,); {OWN}"),
    (lambda: data.collate([Point(np.ones(1), "a"), Point(np.ones(2), "b")]), fg.ShapeError,
     f"collate: field at: expected values of one shape, got (1,) and (2,); {OWN}"),
    (lambda: data.collate([1.0, np.ones(2)]), fg.ShapeError,
     f"collate: expected values of one shape, got () and (2,); {OWN}"),
    (lambda: data.collate([([[1], [2, 3]],), ([[1], [2, 3]],)]), fg.ShapeError,
     "collate: field 0: expected values of one shape, got a list of lists of several lengths; "
     + OWN),
    (lambda: data.collate([(1, None), (2, None)]), fg.DTypeError,
     "collate: field 1: expected numbers, arrays, strings, tuples or dicts, got NoneType; "
     + OWN),
    (lambda: data.collate([(1, [{"box": 2}])] * 2), fg.DTypeError,
     "collate: field 1: expected lists and arrays of numbers, got values of dtype object; "
     + OWN),
    (lambda: data.collate([[1.0, "a"]] * 2), fg.DTypeError,
     "collate: expected lists and arrays of numbers, got values of dtype <U32; " + OWN),
    (lambda: data.collate([(1, "a"), (2,)]), fg.OptionError,
     f"collate: expected samples of the same lengths, got 2 and 1; {OWN}"),
    (lambda: data.collate([{"a": 1}, {"b": 1}]), fg.OptionError,
     f"collate: expected samples of the same names, got ['a'] and ['b']; {OWN}"),
    (lambda: data.collate([({"a": 1},), (3,)]), fg.OptionError,
     f"collate: field 0: expected samples of the same names, got ['a'] and int; {OWN}"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "text"), REFUSED)
def test_refusals(wrong: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with refused(kind, text):
        wrong()
