"""The official clients for Node, installed as their lock says, and the part of the page that is theirs."""

import json
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).with_name("node")
INSTALLED = FOLDER / "node_modules" / ".package-lock.json"
INSTALL_S, RUN_S = 150, 60
HEAD = """
## From Node.js

| endpoint | tried | client | result |
|---|---|---|---|
"""


def installed() -> bool:
    """Whether Node is here to be used at all; the clients are installed where they are not, or not as locked."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return False
    lock = FOLDER / "package-lock.json"
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < lock.stat().st_mtime:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=FOLDER, check=True, timeout=INSTALL_S, capture_output=True)
    return True


def trials(base_url: str) -> list[dict[str, str]]:
    """Run every trial at a gateway. Raises where one did not come to a result."""
    done = subprocess.run(
        ["node", "trials.mjs", base_url], cwd=FOLDER, capture_output=True, text=True, timeout=RUN_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(rows: list[dict[str, str]]) -> str:
    """The part of the page."""
    lines = [f"| `{row['endpoint']}` | {row['tried']} | {row['client']} | {row['result']} |" for row in rows]
    return HEAD + "\n".join(lines) + "\n"
