"""Ops whose public names are functions of Python's own, which a module that defined them under
those names could not use any more."""

from .broadcast import sum_ as sum
from .elementwise import absolute as abs
from .elementwise import power as pow
from .elementwise import rint as round
from .queries import all_ as all
from .queries import any_ as any
from .reductions import max_ as amax
from .reductions import max_ as max
from .reductions import min_ as amin
from .reductions import min_ as min

__all__ = ["abs", "all", "amax", "amin", "any", "max", "min", "pow", "round", "sum"]
