"""Two pieces of vector code that compiled loops are built from: a tile of a matrix product
whose sums stay in registers, and a square block transposed.

Both are written in LLVM's vectors, since no loop that LLVM vectorises by itself keeps a tile of
sums in registers. `tile` is two tuples whose lengths say, when a loop is compiled, how many
rows and how many lanes a tile has. Steps are in elements.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

I32, I64 = ir.IntType(32), ir.IntType(64)


class _Vectors:
    """Vectors of one length on the elements of one array type."""

    def __init__(self, context: Any, builder: Any, element: Any, lanes: int) -> None:
        self.context, self.builder, self.lanes = context, builder, lanes
        self.element = context.get_value_type(element)
        self.type = ir.VectorType(self.element, lanes)
        self.width = context.get_abi_sizeof(self.element)
        self.zero = ir.Constant(self.type, [0.0] * lanes)

    def bytes(self, count: Any) -> Any:
        return self.builder.mul(count, ir.Constant(I64, self.width))

    def address(self, array_type: Any, array: Any) -> Any:
        data = self.context.make_array(array_type)(self.context, self.builder, array).data
        return self.builder.ptrtoint(data, I64)

    def load(self, address: Any) -> Any:
        return self.builder.load(self._at(address, self.type), align=self.width)

    def store(self, value: Any, address: Any) -> None:
        self.builder.store(value, self._at(address, self.type), align=self.width)

    def spread(self, address: Any) -> Any:
        """One element in every lane."""
        b, none = self.builder, ir.Constant(self.type, ir.Undefined)
        one = b.load(self._at(address, self.element), align=self.width)
        first = ir.Constant(ir.VectorType(I32, self.lanes), [0] * self.lanes)
        return b.shuffle_vector(b.insert_element(none, one, ir.Constant(I32, 0)), none, first)

    def multiply_add(self, x: Any, y: Any, z: Any) -> Any:
        name = f"llvm.fma.v{self.lanes}f{8 * self.width}"
        kind, module = ir.FunctionType(self.type, [self.type] * 3), self.builder.module
        found = module.globals.get(name) or ir.Function(module, kind, name)
        return self.builder.call(found, [x, y, z])

    def woven(self, x: Any, y: Any, start: int) -> Any:
        """Elements of x and y in turn, half as many of each as there are lanes."""
        half = range(start, start + self.lanes // 2)
        picks = [pick for i in half for pick in (i, i + self.lanes)]
        mask = ir.Constant(ir.VectorType(I32, self.lanes), picks)
        return self.builder.shuffle_vector(x, y, mask)

    def _at(self, address: Any, kind: Any) -> Any:
        return self.builder.inttoptr(address, kind.as_pointer())


class _Loop:
    """A loop over range(count), of one turn at least, whose values go from turn to turn."""

    def __init__(self, builder: Any, count: Any, values: list[Any]) -> None:
        self.builder, self.count, self.before = builder, count, builder.basic_block
        self.body = builder.append_basic_block("turn")
        builder.branch(self.body)
        builder.position_at_end(self.body)
        self.index, *self.values = (self._enter(v) for v in [ir.Constant(I64, 0), *values])

    def _enter(self, value: Any) -> Any:
        phi = self.builder.phi(value.type)
        phi.add_incoming(value, self.before)
        return phi

    def close(self, values: list[Any]) -> list[Any]:
        b, end = self.builder, self.builder.basic_block
        following = b.add(self.index, ir.Constant(I64, 1))
        for phi, value in zip([self.index, *self.values], [following, *values]):
            phi.add_incoming(value, end)
        after = b.append_basic_block("after")
        b.cbranch(b.icmp_signed("<", following, self.count), self.body, after)
        b.position_at_end(after)
        return values


def _steps(builder: Any, start: Any, step: Any, count: int) -> list[Any]:
    found = [start]
    while len(found) < count:
        found.append(builder.add(found[-1], step))
    return found


def _sums(v: _Vectors, rows: list[Any], a_step: Any, b: Any, b_step: Any, count: Any,
          spots: Any, n: Any) -> list[Any]:  # fmt: skip
    """The sums of a tile, over spots, and within each over count."""
    build = v.builder
    outer = _Loop(build, n, [v.zero] * len(rows))
    spot = build.add(spots, build.mul(outer.index, ir.Constant(I64, 16)))
    at_a, at_b = (
        v.bytes(build.load(build.inttoptr(place, I64.as_pointer())))
        for place in (spot, build.add(spot, ir.Constant(I64, 8)))
    )
    inner = _Loop(build, count, [at_a, build.add(b, at_b), *outer.values])
    at_a, at_b, *sums = inner.values
    lanes = v.load(at_b)
    sums = [
        v.multiply_add(v.spread(build.add(row, at_a)), lanes, s) for row, s in zip(rows, sums)
    ]
    inner.close([build.add(at_a, a_step), build.add(at_b, b_step), *sums])
    return outer.close(sums)


@intrinsic
def multiply(
    typing: Any, tile: Any, a: Any, a_row: Any, a_step: Any, b: Any, b_step: Any,
    count: Any, spots: Any, c: Any, c_row: Any, d: Any, d_row: Any,
) -> Any:  # fmt: skip
    """c[i c_row + l] = d[i d_row + l] + the sum, over the rows (p, q) of `spots` and over k, of
    a[p + i a_row + k a_step] * b[q + k b_step + l].

    i runs over the tile's rows, l over its lanes, k over range(count); at least one spot.
    """
    rows, lanes = (len(part) for part in tile)

    def code(context: Any, build: Any, signature: Any, args: Any) -> Any:
        v = _Vectors(context, build, a.dtype, lanes)
        at = {k: v.address(signature.args[k], args[k]) for k in (1, 4, 7, 8, 10)}
        a_row, a_step, b_step, c_row, d_row = (v.bytes(args[k]) for k in (2, 3, 5, 9, 11))
        n = build.extract_value(context.make_array(spots)(context, build, args[7]).shape, 0)
        sums = _sums(
            v, _steps(build, at[1], a_row, rows), a_step, at[4], b_step, args[6], at[7], n
        )
        places = _steps(build, at[8], c_row, rows), _steps(build, at[10], d_row, rows)
        for total, to, added in zip(sums, *places):
            v.store(build.fadd(v.load(added), total), to)
        return context.get_dummy_value()

    return types.void(tile, a, a_row, a_step, b, b_step, count, spots, c, c_row, d, d_row), code


@intrinsic
def transpose(typing: Any, tile: Any, x: Any, x_row: Any, y: Any, y_row: Any) -> Any:
    """y[j y_row + i] = x[i x_row + j], i and j over half as many as the tile has lanes."""
    size = len(tile[1]) // 2

    def code(context: Any, build: Any, signature: Any, args: Any) -> Any:
        v = _Vectors(context, build, x.dtype, size)
        start = [v.address(signature.args[k], args[k]) for k in (1, 3)]
        step = [v.bytes(args[k]) for k in (2, 4)]
        rows = [v.load(place) for place in _steps(build, start[0], step[0], size)]
        for _ in range(size.bit_length() - 1):  # each time one more bit of the index moves
            pairs = list(zip(rows[: size // 2], rows[size // 2 :]))
            rows = [v.woven(*pair, at) for pair in pairs for at in (0, size // 2)]
        for row, place in zip(rows, _steps(build, start[1], step[1], size)):
            v.store(row, place)
        return context.get_dummy_value()

    return types.void(tile, x, x_row, y, y_row), code
