"""``make evals``: what is told of absent recordings."""

from argparse import Namespace
from io import StringIO
from pathlib import Path

from rich.console import Console

from infra.evals.__main__ import measured


def test_a_section_without_its_recordings_is_told_and_holds_up_no_other(tmp_path: Path) -> None:
    asked = Namespace(train=None, test=None, data=tmp_path, only=["gsm8k", "ifeval"])
    now, absent = measured(asked, Console(file=StringIO()))

    assert now == {}
    assert [line.partition(":")[0] for line in absent] == ["gsm8k", "ifeval"]
    assert "zeroeval/questions_gsm.jsonl.gz" in absent[0]
    assert all("DATA=<folder>, or PORTFOLIO_DATA" in line for line in absent)
