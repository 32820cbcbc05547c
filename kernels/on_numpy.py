"""The NumPy reader: the rule on whole arrays, a ufunc a word. The reference, and the reader of
small arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .node import Node
from .program import Program
from .text import body, element, function, hoist
from .vocabulary import WORDS


def read(program: Program, alike: bool = False) -> Callable[..., Any]:
    """A function of the input arrays and of the hoisted floats; gives one array an output.

    Shapes: inputs broadcast as NumPy's do. Differs: `where` of two constants takes the inputs'
    dtype, so that float32 stays float32; integers count as float64.

    Where all inputs are `alike`, of one float dtype and one shape that has axes, words write
    over what nothing reads after them: fresh memory takes longer than to compute.
    """
    lines, outputs = body(program, _in_place(program) if alike else _expression, repr)
    inputs = [element(n) for n in program.inputs]
    arguments = ", ".join(inputs + [hoist(k) for k in range(len(program.hoisted))])
    source = [
        f"def {function(program.name)}({arguments}):",
        f"    T = result_type({', '.join(inputs)}, 0.0).type" if _needs_type(program) else "",
        *(f"    {name} = {text}" for _, name, text in lines),
        f"    return {_returned(outputs)}",
    ]
    namespace: dict[str, Any] = {f"w_{w.name}": w.numpy for w in WORDS.values()}
    namespace |= {"result_type": np.result_type, "asarray": np.asarray}
    exec(compile("\n".join(source), f"<rule {program.name}>", "exec"), namespace)
    return namespace[function(program.name)]


def _expression(node: Node, args: list[str]) -> str:
    if _is_choice_of_scalars(node):
        args = [args[0], f"T({args[1]})", args[2]]
    return f"w_{node.name}({', '.join(args)})"


def _in_place(program: Program) -> Callable[[Node, list[str]], str]:
    last: dict[Node, Node | None] = {a: node for node in program.words for a in node.args}
    last |= dict.fromkeys(program.outputs)

    def expression(node: Node, args: list[str]) -> str:
        text = _expression(node, args)
        if node.gives == "n" and isinstance(node.function.numpy, np.ufunc):
            for a, name in zip(node.args, args):
                if a.elementwise and not a.is_leaf and a.gives == "n" and last[a] is node:
                    return f"{text[:-1]}, out={name})"
        return text

    return expression


def _is_choice_of_scalars(node: Node) -> bool:
    return node.name == "where" and not any(a.elementwise for a in node.args[1:])


def _needs_type(program: Program) -> bool:
    return any(map(_is_choice_of_scalars, program.words))


def _returned(outputs: list[str]) -> str:
    """One value, or several of which each is an array: NumPy unwraps what is 0-d."""
    return outputs[0] if len(outputs) == 1 else ", ".join(f"asarray({v})" for v in outputs)
