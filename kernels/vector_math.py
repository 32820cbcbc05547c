"""Functions that LLVM turns into vector code, for generated source and `loops/` alone."""

from __future__ import annotations
