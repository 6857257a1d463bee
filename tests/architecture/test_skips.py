"""With ``CI`` set, nothing is skipped without a good reason."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from source_tree import ROOT

REASONS = {
    "lazy": "not today",
    "data": "recorded data is absent: set PORTFOLIO_DATA to its folder",
    "tool": "no-such-program is not on this machine",
    "tool that is there": "sh is not on this machine",
    "node": "Node.js is absent: install it with npm",
}


def run(folder: Path, reason: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run of pytest, with this project's conftest.py, of one test that passes and one that is skipped."""
    (folder / "test_skipped.py").write_text(
        f"import pytest\n\ndef test_passes():\n    pass\n\ndef test_skips():\n    pytest.skip({REASONS[reason]!r})\n"
    )
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider", f"--rootdir={folder}"]
    argv += options
    told = {name: value for name, value in os.environ.items() if name not in ("CI", "PORTFOLIO_DATA")}
    told |= {"PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment}
    return subprocess.run([*argv, str(folder)], cwd=folder, env=told, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("reason", "ci", "there", "status"),
    [
        ("lazy", True, True, 1),
        ("lazy", False, True, 0),
        ("data", True, True, 1),
        ("data", True, False, 0),
        ("data", False, True, 0),
        ("tool", True, True, 0),
        ("tool that is there", True, True, 1),
    ],
)
def test_an_unexpected_skip_fails_the_run(tmp_path: Path, reason: str, ci: bool, there: bool, status: int) -> None:
    data = tmp_path if there else tmp_path / "absent"
    done = run(tmp_path, reason, PORTFOLIO_DATA=str(data), **({"CI": "true"} if ci else {}))

    assert done.returncode == status, done.stdout + done.stderr
    assert "1 passed, 1 skipped" in done.stdout
    assert ("unexpected skip: " + REASONS[reason] in done.stdout) is bool(status)


@pytest.mark.parametrize(("reason", "status"), [("lazy", 1), ("tool", 0)])
def test_it_is_the_same_where_workers_run_the_tests(tmp_path: Path, reason: str, status: int) -> None:
    done = run(tmp_path, reason, "-p", "xdist", "-n2", CI="true")

    assert done.returncode == status, done.stdout + done.stderr
    assert "1 passed, 1 skipped" in done.stdout
    assert done.stdout.count("unexpected skip: " + REASONS[reason]) == status


@pytest.mark.parametrize(("there", "status"), [(True, 1), (False, 0)])
def test_clients_for_node_may_be_left_out_only_where_node_is_absent(tmp_path: Path, there: bool, status: int) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("node", "npm") if there else ():
        (tools / name).symlink_to(sys.executable)
    done = run(tmp_path, "node", CI="true", PATH=str(tools))

    assert done.returncode == status, done.stdout + done.stderr
