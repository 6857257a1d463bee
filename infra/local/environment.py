"""Makes the virtual environment of ``make setup``: ``python3 infra/local/environment.py FOLDER [PYTHON]``.

Without PYTHON, it takes the fastest interpreter on the machine: one that was built without profile-guided optimisation
(as version managers often do) costs every service about a fifth more CPU. It needs nothing but Python itself.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

OLDEST, NEWEST = (3, 11), (3, 13)
WORTH_IT = 1.1
"""Another interpreter than the usual one is taken when it is this many times as fast."""
PROBE = """
import ctypes, json, sqlite3, ssl, sys, time, venv
def once():
    began, kept = time.process_time(), {}
    for n in range(30_000):
        kept[str(n)] = (n, json.loads("[1]") if n % 10 == 0 else None)
    return time.process_time() - began
print(sys.version_info[0], sys.version_info[1], min(once() for _ in range(7)), sys.executable)
"""
UV_LOCK = "requirements-uv.lock"


class Interpreter(NamedTuple):
    """A Python that has what the project needs. ``seconds``: CPU of a short piece of work."""

    version: tuple[int, int]
    seconds: float
    path: str


def probed(command: str) -> Interpreter | None:
    """What an interpreter is; ``None`` when it does not start, or lacks a part of the standard library."""
    try:
        told = subprocess.run([command, "-I", "-c", PROBE], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor, seconds, path = told.stdout.split(maxsplit=3)
    return Interpreter((int(major), int(minor)), float(seconds), path.strip())


def candidates() -> list[str]:
    """Interpreters by the names that systems give them, on the PATH and where distributions put them."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/local/bin", "/usr/bin"]
    names = ["python3", *(f"python{OLDEST[0]}.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1))]
    found = (Path(folder) / name for folder in folders for name in names)
    return list({os.path.realpath(path): str(path) for path in found if os.access(path, os.X_OK)}.values())


def chosen(usual: Interpreter | None, others: list[Interpreter]) -> Interpreter | None:
    """The usual one, unless another is clearly faster, or the usual one is too old."""
    fit = [other for other in others if OLDEST <= other.version <= NEWEST]
    fastest = min(fit, key=lambda other: other.seconds, default=None)
    if usual is None or usual.version < OLDEST:
        return fastest
    if fastest is not None and usual.seconds > WORTH_IT * fastest.seconds:
        return fastest
    return usual


def make(folder: Path, base: str, builder: str) -> None:
    """A virtual environment of ``base`` with uv in it. ``builder`` has venv and pip, which ``base`` may lack."""
    tools = folder / "tools"
    subprocess.run([builder, "-m", "venv", str(tools)], check=True)
    pip = [str(tools / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", UV_LOCK], check=True)
    uv = str(tools / "bin/uv")
    subprocess.run([uv, "venv", "--quiet", "--allow-existing", "--python", base, str(folder)], check=True)
    python = str(folder / "bin/python")
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", UV_LOCK], check=True)
    shutil.rmtree(tools)


def main(folder: str, asked: str = "") -> int:
    """Choose, say what was chosen, and make the environment."""
    usual = probed(asked or sys.executable)
    taken = usual if asked else chosen(usual, [found for found in map(probed, candidates()) if found])
    if taken is None or taken.version < OLDEST:
        sys.stderr.write("Python 3.11 or newer is needed: make PYTHON=python3.12 setup\n")
        return 1
    if usual is not None and taken.path != usual.path:
        sys.stdout.write(f"Taking {taken.path}, {usual.seconds / taken.seconds:.2f} times as fast as {usual.path}\n")
        sys.stdout.flush()
    make(Path(folder), taken.path, sys.executable if sys.version_info >= OLDEST else taken.path)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
