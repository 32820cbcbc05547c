"""The self-contained offline report of a training run."""

from .report import write_report

__all__ = ["write_report"]
