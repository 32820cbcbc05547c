"""How a step's gradients are made, so that no modality starves: one method a file.

method.py      the base, joint training, and the count of passes
"""

from .method import Joint, Method, Passes, Step

METHODS: dict[str, type[Method]] = {"joint": Joint}

__all__ = ["METHODS", "Joint", "Method", "Passes", "Step"]
