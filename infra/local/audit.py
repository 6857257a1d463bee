"""``make audit``: what the locks name, looked up in OSV's database of known vulnerabilities.

0: none is known. 1: some are. 3: nobody could be asked, which is no answer either way.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

AUDITOR = "pip-audit==2.10.1"
FOUND, NOT_ASKED = 1, 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """``lines`` for people, and the exit code."""

    lines: tuple[str, ...]
    code: int


def verdict(lock: str, told: str, complaint: str) -> Verdict:
    """What the auditor's JSON says of a lock. ``complaint``: its standard error, where it said nothing else."""
    try:
        packages = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        why = (complaint.strip().splitlines() or ["it said nothing"])[-1]
        return Verdict(
            (f"{lock}: NOT LOOKED AT, the database of vulnerabilities could not be asked: {why}",), NOT_ASKED
        )
    lines = [_line(lock, package, each) for package in packages for each in package.get("vulns", ())]
    if lines:
        return Verdict(tuple(lines), FOUND)
    return Verdict((f"{lock}: {len(packages)} packages, no vulnerability known",), 0)


def _line(lock: str, package: dict[str, str], found: dict[str, list[str]]) -> str:
    mended = ", ".join(found.get("fix_versions", ())) or "no version yet"
    return f"{lock}: {package['name']} {package['version']}: {found['id']}, mended in {mended}"


def asked(lock: Path) -> Verdict:
    """Run the auditor over one lock. It installs nothing of what the lock names."""
    told = subprocess.run(
        [
            Path(sys.executable).parent / "uvx",
            AUDITOR,
            *("--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off"),
            *("--disable-pip", "--require-hashes", "--requirement", str(lock)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return verdict(str(lock), told.stdout, told.stderr)


def main(locks: Sequence[str]) -> int:
    """Ask for each lock; the worst that was found."""
    found = [asked(Path(lock)) for lock in locks]
    for line in (line for each in found for line in each.lines):
        sys.stdout.write(f"{line}\n")
    codes = {each.code for each in found}
    return FOUND if FOUND in codes else max(codes, default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
