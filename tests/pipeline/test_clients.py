"""The programs that clients start from, in four languages: run as their pages say, against the running pipeline."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tools_absent import need

from pipeline.scripts import says
from pipeline.stack import Pipeline

ROOT = Path(__file__).parents[2]
QUESTION = "How many days has a leap year?"
BROKER = "export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:29092"
LANGUAGES = {"python": ("python3",), "node": ("node", "npm"), "go": ("go",), "java": ("java", "mvn")}
"""The programs that each page asks for."""
COLOUR_OFF = "\x1b[0m"  # said by Maven
FETCH_S = 500

pytestmark = pytest.mark.timeout(FETCH_S + 80)  # the first run fetches and compiles a client


class Page:
    """A page's commands, in a copy of what they work on."""

    def __init__(self, language: str, folder: Path, pipeline: Pipeline) -> None:
        text = (ROOT / f"docs/how-to/publish-from-{language}.md").read_text()
        [self._commands] = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        here = Path("examples", "clients", language)
        left = shutil.ignore_patterns("node_modules", "target", ".venv")
        shutil.copytree(ROOT / here, folder / here, ignore=left)
        self._folder, self._pipeline = folder, pipeline

    def run(self, question: str) -> subprocess.CompletedProcess[str]:
        """All its commands, with another question and broker."""
        return self._run(self._commands.rstrip(), question)

    def ask_again(self, question: str, lane: str) -> subprocess.CompletedProcess[str]:
        """The last of its commands, where it is to be run, and in this lane: all is installed and compiled."""
        folder, broker, *_, ask = self._commands.rstrip().split("\n")
        return self._run("\n".join((folder, broker, _in_lane(ask, lane))), question)

    def _run(self, commands: str, question: str) -> subprocess.CompletedProcess[str]:
        assert QUESTION in commands
        assert BROKER in commands
        commands = commands.replace(BROKER, f"export KAFKA_BOOTSTRAP_SERVERS={self._pipeline.bootstrap}")
        commands = commands.replace(QUESTION, question)
        told = {**os.environ, "TOPIC_PREFIX": self._pipeline.prefix}
        argv = ["/bin/sh", "-e", "-c", commands]
        return subprocess.run(
            argv, cwd=self._folder, env=told, capture_output=True, text=True, timeout=FETCH_S, check=False
        )


def _in_lane(command: str, lane: str) -> str:
    """With a second argument at the end; within the quotes, where arguments stand in one more pair of them."""
    return f'{command[:-1]} {lane}"' if command.endswith("'\"") else f"{command} {lane}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_asks_and_reads_the_answer_or_the_honest_failure(
    pipeline: Pipeline, tmp_path: Path, language: str
) -> None:
    need(*LANGUAGES[language])
    page = Page(language, tmp_path, pipeline)
    script = pipeline.scripts.expect({"acme-small": [says("It has 366 days.")]})
    answered = page.run(script.question)
    assert answered.returncode == 0, answered.stdout + answered.stderr
    assert "It has 366 days." in answered.stdout.replace(COLOUR_OFF, "").splitlines()
    assert "by small, for $0.00002" in answered.stderr

    refused = page.ask_again(script.question, "nowhere")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "nowhere" in refused.stderr
    assert "It has" not in refused.stdout
