"""Which Python `make setup` takes."""

from pathlib import Path

from infra.local.environment import Interpreter, candidates, chosen, probed

USUAL = Interpreter((3, 12), 0.10, "/opt/python/bin/python3")
FASTER = Interpreter((3, 11), 0.07, "/usr/bin/python3.11")


def test_another_python_is_taken_when_it_is_clearly_faster() -> None:
    assert chosen(USUAL, [USUAL, FASTER]) == FASTER
    assert chosen(USUAL, [USUAL, FASTER._replace(seconds=0.095)]) == USUAL
    assert chosen(USUAL, []) == USUAL


def test_an_old_or_an_untried_python_is_never_taken() -> None:
    old, untried = FASTER._replace(version=(3, 10)), FASTER._replace(version=(3, 99))
    assert chosen(USUAL, [old, untried]) == USUAL
    assert chosen(USUAL._replace(version=(3, 9)), [FASTER]) == FASTER
    assert chosen(USUAL._replace(version=(3, 9)), [old]) is None


def test_pythons_are_found_on_the_path_once_each_and_probed() -> None:
    found = candidates()
    assert len({str(Path(path).resolve()) for path in found}) == len(found)
    probes = [probe for probe in map(probed, found) if probe]
    assert all(probe.seconds > 0 and Path(probe.path).exists() for probe in probes)


def test_what_is_no_python_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    assert probed(str(broken)) is None
    assert probed(str(tmp_path / "missing")) is None
