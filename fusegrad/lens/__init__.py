"""The self-contained offline report of a training run."""

from .report import check_target, write_report

__all__ = ["check_target", "write_report"]
