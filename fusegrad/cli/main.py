"""Read the command line, run the command, and say in one line what went wrong.

Exit status: 0 fine, 1 failed, 2 wrong use, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .. import __version__
from ..experiments import Settings
from ..kernels import BackendError, FusegradError, OptionError, threads
from .bench import Bench, Compare, bench, compare
from .experiment import Experiment, experiment
from .race import Race, race
from .trace import Show, Trace, show, trace
from .verify import Verify, verify
from .warmup import Warmup, warmup


@dataclass(frozen=True)
class Info:
    """Print versions, backends, threads, memory and the folder of compiled code."""

    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Data:
    """List the embedded data sets with their licences and sizes."""

    json: bool = False
    """Print JSON instead of a table."""


COMMANDS: dict[str, Callable[..., Any]] = {
    "train": Settings,
    "verify": Verify,
    "experiment": Experiment,
    "bench": Bench,
    "bench-compare": Compare,
    "trace": Trace,
    "show": Show,
    "race": Race,
    "warmup": Warmup,
    "info": Info,
    "data": Data,
}

RUNS: dict[type, Callable[[Any], int]] = {
    Verify: verify,
    Experiment: experiment,
    Bench: bench,
    Compare: compare,
    Trace: trace,
    Show: show,
    Race: race,
    Warmup: warmup,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script. Raises: SystemExit with the status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given == ["--version"]:
        print(f"fusegrad {__version__}")
        sys.exit(0)
    try:
        threads.chosen()  # what is wrong there is said before any work
        sys.exit(_run(_parse(given)))
    except KeyboardInterrupt:
        sys.exit(_complain("stopped by Ctrl-C before anything was measured", 130))
    except (OptionError, BackendError) as error:
        sys.exit(_complain(str(error), 2))
    except BrokenPipeError:  # whoever read us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (FusegradError, OSError) as error:
        sys.exit(_complain(str(error), 1))


def _run(command: Any) -> int:
    for kind, run in RUNS.items():
        if isinstance(command, kind):
            return run(command)
    if isinstance(command, Settings):
        from .train import train

        return train(command)
    from .listing import data, info

    print_it: Callable[[bool], None] = info if isinstance(command, Info) else data
    print_it(command.json)
    return 0


def _parse(arguments: list[str]) -> Any:
    """The command as its dataclass. Raises: SystemExit 2 after one line for wrong use."""
    import tyro

    if arguments[:2] == ["bench", "compare"]:  # the parser knows commands of one word
        arguments = ["bench-compare", *arguments[2:]]
    arguments, beside = _parted(arguments)
    boxed = io.StringIO()
    try:
        with contextlib.redirect_stderr(boxed):
            command = tyro.extras.subcommand_cli_from_dict(
                COMMANDS,
                prog="fusegrad",
                args=arguments,
                description="Autodiff, optimizers held against their papers, fused branches.",
            )
        return _with(command, beside)
    except SystemExit as end:
        if end.code:
            command = arguments[0] if arguments and arguments[0] in COMMANDS else ""
            raise SystemExit(_complain(_unboxed(boxed.getvalue(), command), 2)) from None
        raise


def _with(command: Any, beside: Sequence[str]) -> Any:
    """A command with more arguments for the script it runs."""
    return replace(command, arguments=(*command.arguments, *beside)) if beside else command


def _parted(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and those behind a lone -- that are for a traced script."""
    if arguments[:1] != ["trace"] or "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def _unboxed(text: str, command: str) -> str:
    """The words of a box of the parser, on one line, with where to find help."""
    lines = [re.sub(r"[│╭╮╰╯]", "", line).strip() for line in text.splitlines()]
    rule = next((i for i, line in enumerate(lines) if line.startswith("──────")), len(lines))
    said = [line for line in lines[:rule] if line and not line.startswith("─")]
    known = [line for line in lines if line.startswith("Available subcommands")]
    help_ = f"see `{' '.join(filter(None, ('fusegrad', command, '--help')))}`"
    return "; ".join([" ".join(said).rstrip("."), *known, help_])


def _complain(text: str, status: int) -> int:
    print(f"fusegrad: {' '.join(text.split())}", file=sys.stderr)
    return status
