"""The fast loop and the real pipeline, on real Kafka and PostgreSQL: every question takes the same road in both."""

from io import StringIO
from pathlib import Path

import pytest
from recorded_notes import SETS, document
from rich.console import Console

from infra.backtest.run import decided, through_kafka

EACH = 3


def tell(doing: str, done: int, whole: int) -> None:
    """Nobody listens."""


@pytest.mark.usefixtures("small_stack")
async def test_the_loop_and_the_pipeline_agree_on_every_turn(tmp_path: Path) -> None:
    run = await decided(document(), SETS, tmp_path, tell)
    reasons = {turn.reason for road in run.roads.values() for turn in road.turns}

    assert reasons == {"doubted", "disagreed", "check_failed"}, "the questions should show every turn"
    assert not await through_kafka(run, EACH, tmp_path, Console(file=StringIO(), width=160))


@pytest.mark.usefixtures("small_stack")
async def test_a_decision_that_the_loop_did_not_take_is_told(tmp_path: Path) -> None:
    run = await decided(document(), SETS, tmp_path, tell)
    other = await decided(document(checks=["format"]), SETS, tmp_path, tell)
    roads = dict(zip(run.roads, other.roads.values(), strict=True))

    differing = await through_kafka(type(run)(run.material, roads), EACH, tmp_path, Console(file=StringIO(), width=160))

    assert set(differing) == {"notes met", "notes second", "notes nobody"}
    assert any("verdict is accepted in the loop, rejected through Kafka" in told for told in differing["notes second"])
