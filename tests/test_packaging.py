"""The same import works in a checkout, installed in place, and from a wheel, in any folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROBE = """
import fusegrad as fg, pathlib
from fusegrad import data, lens, multimodal, nn, optim
assert float(fg.grad(lambda x: x * x)(3.0)) == 6.0
assert len(data.load("emoji").text) == 1601 and (lens.page._asset("report.css"))
package = pathlib.Path(fg.__file__).parent
assert (package / "py.typed").is_file() and (package / "__init__.pyi").is_file()
print(package)
"""


def run(*command: str | Path, cwd: Path, path: str = "") -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"PYTHONPATH": path} if path else {}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def checkout(into: Path) -> Path:
    """A copy of what a clone would hold."""
    ignored = shutil.ignore_patterns(".git", "__pycache__", "*.egg-info", "build", "dist", ".*")
    return shutil.copytree(ROOT, into / "clone", ignore=ignored)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The python of a virtual environment with this one's packages, but no fusegrad."""
    venv.create(tmp_path / "venv", with_pip=False, symlinks=os.name != "nt")
    base = {"base": str(tmp_path / "venv"), "platbase": str(tmp_path / "venv")}
    site = Path(sysconfig.get_path("purelib", vars=base))
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("fusegrad", "__editable__", "_distutils", "distutils")):
            (packages / entry.name).symlink_to(entry)
    (site / "packages.pth").write_text(str(packages), encoding="utf-8")
    return Path(sysconfig.get_path("scripts", vars=base)) / "python"


def install(python: Path, *what: str | Path) -> None:
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps")
    run(*pip, "--ignore-installed", *what, cwd=python.parent)


def test_a_checkout_needs_no_installation(tmp_path: Path) -> None:
    clone = checkout(tmp_path)
    assert run(sys.executable, "-c", PROBE, cwd=clone) == str(clone / "fusegrad")
    assert run(sys.executable, "-c", PROBE, cwd=tmp_path, path=str(clone)) == str(
        clone / "fusegrad"
    )
    assert "emoji" in run(sys.executable, "-m", "fusegrad", "data", cwd=clone)


@pytest.mark.slow
@pytest.mark.parametrize("editable", [True, False], ids=["editable", "wheel"])
def test_an_installation_works_from_anywhere(
    editable: bool, tmp_path: Path, environment: Path
) -> None:
    clone = checkout(tmp_path)
    install(environment, *(["--editable"] if editable else []), clone)
    place = run(environment, "-c", PROBE, cwd=tmp_path)
    assert (place == str(clone / "fusegrad")) == editable
    assert "emoji" in run(environment.with_name("fusegrad"), "data", cwd=tmp_path)
    assert "emoji" in run(environment, "-m", "fusegrad", "data", cwd=tmp_path)
    assert "tiny MLP" in run(environment, "-m", "fusegrad", "bench", "--list", cwd=tmp_path)
    # In the checkout itself the folder fusegrad/ is found first, and must find its parts.
    assert run(environment, "-c", PROBE, cwd=clone) == str(clone / "fusegrad")
    test = "tests/test_data.py::test_a_bag_of_no_texts_is_empty"
    assert "1 passed" in run(environment, "-m", "pytest", "-q", test, cwd=clone)


@pytest.mark.slow
def test_a_wheel_carries_licences_and_no_tests(tmp_path: Path) -> None:
    clone = checkout(tmp_path)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", ".")
    run(*pip, clone, cwd=tmp_path)
    names = run(sys.executable, "-m", "zipfile", "-l", *tmp_path.glob("*.whl"), cwd=tmp_path)
    for part in ("LICENSE", "DATA_LICENSES.md", "licenses/Apache-2.0.txt", "fusegrad/py.typed"):
        assert part in names, part
    assert "fusegrad/benchmarks/" in names and "tests/" not in names
