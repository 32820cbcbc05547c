"""Objectives beside the task's own loss.

pairwise.py      base of what holds the features of two modalities against each other
"""

from .pairwise import Pairwise

__all__ = ["Pairwise"]
