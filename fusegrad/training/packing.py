"""A tree of numbers, texts and arrays as one flat dict of arrays, and back: no code in it.

Arrays stand under the path that leads to them; everything else, and the form of the tree, is
one JSON text, under `__form__`. A function (a setting that follows t) is not stored but noted:
the one that stands in its place when the tree is read is taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..kernels import DTypeError, OptionError

FORM = "__form__"
WHERE = "Trainer.resume"


def packed(tree: Any) -> dict[str, np.ndarray]:
    """All of a tree as arrays. Raises: DTypeError for what is neither number, text nor array.

    >>> sorted(packed({"epoch": 3, "model": {"weight": np.ones(2)}}))
    ['__form__', 'model.weight']
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_packed(tree, "", arrays))
    return {**arrays, FORM: np.frombuffer(text.encode(), np.uint8)}


def unpacked(arrays: Mapping[str, np.ndarray], like: Any) -> Any:
    """The tree that was packed; functions are those that stand in their places in `like`.

    Raises: OptionError for what was not packed here, or where a function is missing.

    >>> unpacked(packed({"t": (3, 0.1), "m": [np.ones(2)]}), like=None)
    {'t': (3, 0.1), 'm': [array([1., 1.])]}
    """
    if FORM not in arrays:
        got = f"a state of {len(arrays)} arrays"
        raise OptionError(WHERE, "a checkpoint of a Trainer", got, "nn.load reads weights")
    return _unpacked(json.loads(arrays[FORM].tobytes()), "", arrays, like)


def _packed(x: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(x, (np.ndarray, np.generic)):
        name = path or "array"
        while name in arrays or name == FORM:
            name += "_"
        arrays[name] = np.asarray(x)
        return {"array": name}
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    if isinstance(x, Mapping):
        _check_names(x, path)
        return {"dict": [[k, _packed(v, _inner(path, k), arrays)] for k, v in x.items()]}
    if isinstance(x, (list, tuple)):
        kind = "list" if isinstance(x, list) else "tuple"
        return {kind: [_packed(v, _inner(path, i), arrays) for i, v in enumerate(x)]}
    if callable(x):
        return {"function": _name(x)}
    got = f"{type(x).__name__} at {path}"
    raise DTypeError("Trainer.save", "numbers, texts and arrays", got, "save it apart")


def _check_names(x: Mapping[Any, Any], path: str) -> None:
    for name in x:
        if not (name is None or isinstance(name, (int, float, str))):
            got = f"{name!r} in {path}"
            raise DTypeError("Trainer.save", "numbers or texts as names", got, "rename it")


def _unpacked(x: Any, path: str, arrays: Mapping[str, np.ndarray], like: Any) -> Any:
    if not isinstance(x, dict):
        return x
    (kind, value), = x.items()  # fmt: skip
    if kind == "array":
        return arrays[value]
    if kind == "function":
        return _function(value, path, like)
    if kind == "dict":
        return {k: _unpacked(v, _inner(path, k), arrays, _at(like, k)) for k, v in value}
    items = [_unpacked(v, _inner(path, i), arrays, _at(like, i)) for i, v in enumerate(value)]
    return items if kind == "list" else tuple(items)


def _function(name: str, path: str, like: Any) -> Callable[..., Any]:
    if not callable(like) or _name(like) != name:
        expected = f"{name or 'a function'} for {path}, as it was saved"
        raise OptionError(WHERE, expected, repr(like), "build the optimizer with it")
    return like


def _name(function: Any) -> str:
    """A schedule in full; nothing for a plain function, whose repr is a place in memory."""
    return repr(function) if hasattr(function, "__dataclass_fields__") else ""


def _inner(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _at(tree: Any, key: Any) -> Any:
    """What a tree holds in a place; None where it has no such place."""
    if isinstance(tree, Mapping):
        return tree.get(key)
    has = isinstance(tree, (list, tuple)) and isinstance(key, int) and key < len(tree)
    return tree[key] if has else None
