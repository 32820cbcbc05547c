"""What `import fusegrad` costs, beside `import numpy`: medians of ten fresh processes, in turn.

python -m benchmarks.import_time
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = {
    "(start of python)": "pass",
    "import numpy": "import numpy",
    "import fusegrad": "import fusegrad",
    "first Tensor": "import fusegrad; fusegrad.Tensor([1.0])",
}


def seconds(program: str) -> float:
    """Wall time of a process that runs a program."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Print medians and ratios to NumPy."""
    samples: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(11):
        for name, program in PROGRAMS.items():
            samples[name].append(seconds(program))
    medians = {name: statistics.median(times[1:]) for name, times in samples.items()}
    for name, median in medians.items():
        ratio = median / medians["import numpy"]
        print(f"{name:18s} {1000 * median:7.1f} ms  {ratio:.2f} x import numpy")


if __name__ == "__main__":
    main()
