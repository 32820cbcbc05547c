"""Three instructions that generated Numba kernels need: an address seen as an array, and
denormal numbers flushed to zero while a kernel runs. Imported by generated source only."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

FLUSH = 0x8040  # MXCSR: flush-to-zero and denormals-are-zero
FLUSHES = platform.machine().lower() in ("x86_64", "amd64")


def _pointer(element: Any) -> Any:
    def pointer(typing: Any, address: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return types.CPointer(element)(types.int64), code  # type: ignore[no-untyped-call]

    return intrinsic(pointer)


pointer_float32, pointer_float64 = _pointer(types.float32), _pointer(types.float64)
pointer_int64 = _pointer(types.int64)


def _control_word(builder: Any, instruction: str, value: Any = None) -> Any:
    """Read MXCSR (value None) or write it; both go through memory, as the instructions do."""
    slot = builder.alloca(ir.IntType(32))
    if value is not None:
        builder.store(value, slot)
    pointer = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer])
    call = builder.module.declare_intrinsic(f"llvm.x86.sse.{instruction}", fnty=kind)
    builder.call(call, [builder.bitcast(slot, pointer)])
    return builder.load(slot)


@intrinsic
def control_word(typing: Any) -> Any:
    """MXCSR of this thread; 0 on machines without one."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _control_word(builder, "stmxcsr") if FLUSHES else ir.Constant(ir.IntType(32), 0)

    return types.uint32(), code


@intrinsic
def set_control_word(typing: Any, value: Any) -> Any:
    """Set MXCSR of this thread; nothing on machines without one."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _control_word(builder, "ldmxcsr", args[0]) if FLUSHES else args[0]

    return types.uint32(types.uint32), code
