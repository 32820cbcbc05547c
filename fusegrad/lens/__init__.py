"""Self-contained offline pages: of a training run, and of claims that were verified."""

from .page import check_target
from .report import write_report
from .verdicts import write_verdicts

__all__ = ["check_target", "write_report", "write_verdicts"]
