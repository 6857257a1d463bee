"""Every command of the documentation, run as a reader would paste it, beside a stack that `make up` started."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from documented import ROOT, Block, blocks, changed, pages

from infra.local.jaeger import jaeger_binary
from journeys.ran_away import unless_it_ran_away
from journeys.up import START_S, Up, clone_in

PORTS = {"http://127.0.0.1:8080": "gateway", "127.0.0.1:29092": "kafka", "http://127.0.0.1:8082": "console"}
"""What pages say, and whose address it is; on a busy machine the stack takes other ports."""
NAMES = [page.relative_to(ROOT).as_posix() for page in pages()]
RUN_HERE = [name for name in NAMES if any(not (b.run_by or b.not_run) for b in blocks(ROOT / name))]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    process = Up(clone_in(tmp_path_factory.mktemp("clone")), tmp_path_factory.mktemp("up") / "output.txt")
    try:
        yield process.until_it_greets()
    finally:
        process.clean_up()


class Reader:
    """Someone in another terminal, in a checkout of his own with the stack's addresses."""

    def __init__(self, up: Up, folder: Path) -> None:
        self._folder, self._addresses = folder, up.addresses()
        for name in (".venv", "examples", ".portfolio"):
            (folder / name).symlink_to((up.clone / name).resolve())
        shutil.copyfile(ROOT / "portfolio.yaml", folder / "portfolio.yaml")

    def paste(self, text: str) -> subprocess.CompletedProcess[str]:
        for said, part in PORTS.items():
            text = text.replace(said, str(self._addresses[part]))
        told = {**os.environ, "PATH": f"{self._folder / '.venv' / 'bin'}:{os.environ['PATH']}"}
        argv = ["/bin/sh", "-e", "-c", text]
        return subprocess.run(
            argv, cwd=self._folder, env=told, capture_output=True, text=True, timeout=START_S, check=False
        )

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        if block.kind == "diff":
            document = self._folder / "portfolio.yaml"
            document.write_text(changed(document.read_text(), block.text))
            return
        # Only what failed is pasted again: other blocks may show the word, and be followed once.
        done = unless_it_ran_away(lambda: self.paste(block.text), lambda done: done.stdout if done.returncode else "")
        assert done.returncode == 0, f"{block.page}:\n{block.text}\n{done.stdout}{done.stderr}"


@pytest.mark.timeout(2 * START_S)
@pytest.mark.parametrize("page", RUN_HERE)
def test_a_page_can_be_followed(up: Up, tmp_path: Path, page: str) -> None:
    reader = Reader(up, tmp_path)
    applied = reader.paste("portfolio apply")
    assert applied.returncode == 0, applied.stderr
    for block in blocks(ROOT / page):
        if not (block.run_by or block.not_run) and _is_there(block.needs):
            reader.follow(block)


def _is_there(part: str) -> bool:
    """Whether this machine has what a block needs; continuous integration has everything."""
    return part != "jaeger" or jaeger_binary() is not None or os.environ.get("CI") == "true"
