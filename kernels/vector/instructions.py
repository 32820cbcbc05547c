"""Single instructions for compiled code, on float32 or float64 and whole numbers of that width:
LLVM makes one vector instruction of each, and no branch of any. Numba's own arithmetic would
widen 32 bits to 64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

WIDTH = {types.float32: types.int32, types.float64: types.int64}
FLOAT = {whole: number for number, whole in WIDTH.items()}
OPTIONS = {"error_model": "numpy", "forceinline": True}


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a b + c, rounded once."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return a(a, a, a), code


@intrinsic
def select(typing: Any, truth: Any, a: Any, b: Any) -> Any:
    """a where it is true, else b; both are computed."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(*args)

    return a(types.boolean, a, a), code


@intrinsic
def bits(typing: Any, x: Any) -> Any:
    """The bits of a float, as a whole number of its width."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(signature.return_type))

    return WIDTH[x](x), code


@intrinsic
def number(typing: Any, i: Any) -> Any:
    """The float of these bits."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(signature.return_type))

    return FLOAT[i](i), code


def _whole(operation: str) -> Any:
    def typed(typing: Any, i: Any, j: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, operation)(*args)

        return i(i, i), code

    return intrinsic(typed)


plus, minus, both = _whole("add"), _whole("sub"), _whole("and_")
left, right = _whole("shl"), _whole("lshr")  # shifts; zeros come in


def _of_float(name: str, count: int) -> Any:
    """A function of LLVM's own."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        form = ir.FunctionType(kind, [kind] * len(args))
        f = builder.module.declare_intrinsic(f"llvm.{name}", [kind], form)
        return builder.call(f, args)

    def one(typing: Any, x: Any) -> Any:
        return x(x), code

    def two(typing: Any, x: Any, y: Any) -> Any:
        return x(x, x), code

    return intrinsic(one if count == 1 else two)


size, signed = _of_float("fabs", 1), _of_float("copysign", 2)


def polynomial(coefficients: tuple[float, ...], in_two: bool = False) -> Any:
    """c0 + c1 x + c2 x**2 ..., by Horner's rule; `in_two`, its even and its odd powers apart,
    which a processor takes side by side, and rounds half as often."""

    def value(typing: Any, x: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            (x,), c = args, [ir.Constant(args[0].type, c) for c in coefficients]
            if not in_two:
                return _horner(builder, x, c)
            square = builder.fmul(x, x)
            even, odd = (_horner(builder, square, c[k::2]) for k in (0, 1))
            return builder.fma(odd, x, even)

        return x(x), code

    return intrinsic(value)


def _horner(builder: Any, x: Any, coefficients: list[Any]) -> Any:
    y, *rest = reversed(coefficients)
    for c in rest:
        y = builder.fma(y, x, c)
    return y


def by_type(make: Callable[[Any], Any]) -> Any:
    """A function of one float for compiled code; `make` writes it for one of the formats."""
    from .formats import FLOAT32, FLOAT64

    codes = {types.float32: make(FLOAT32), types.float64: make(FLOAT64)}

    def chosen(x):  # Numba compares its signature with that of the codes
        return codes.get(x)

    overload(make, jit_options=OPTIONS)(chosen)
    return make
