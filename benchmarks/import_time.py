"""What it costs to begin, beside `import torch`: medians of ten fresh processes, in turn.

    python -m benchmarks.import_time

The first step is one of the network 784-1000-1000-10, with what an earlier process compiled.
Times are of the processor, which other programs on the machine disturb less than the clock.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .suites.programs import FUSEGRAD

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = {
    "(start of python)": "pass",
    "import numpy": "import numpy",
    "import numba": "import numba",
    "import torch": "import torch",
    "import fusegrad": "import fusegrad",
    "Tensor, nn, optim": "import fusegrad as fg; fg.Tensor, fg.nn, fg.optim",
    "first step": FUSEGRAD,
}


def seconds(program: str, folder: str) -> float:
    """Processor time of a process that runs a program; modules are kept as byte code, as those
    of installed packages are."""
    more = {"PYTHONPATH": str(ROOT), "FUSEGRAD_CACHE": folder, "PYTHONPYCACHEPREFIX": folder}
    environment = {**os.environ, **more, "PYTHONDONTWRITEBYTECODE": ""}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print medians, and ratios to PyTorch, or to NumPy where that is not installed."""
    has_torch = importlib.util.find_spec("torch") is not None
    programs = {k: p for k, p in PROGRAMS.items() if has_torch or k != "import torch"}
    samples: dict[str, list[float]] = {name: [] for name in programs}
    with TemporaryDirectory() as folder:
        for _ in range(11):
            for name, program in programs.items():
                samples[name].append(seconds(program, folder))
    medians = {name: statistics.median(times[1:]) for name, times in samples.items()}
    peer = "import torch" if has_torch else "import numpy"
    for name, median in medians.items():
        print(f"{name:18s} {1000 * median:7.1f} ms  {median / medians[peer]:.2f} x {peer}")


if __name__ == "__main__":
    main()
