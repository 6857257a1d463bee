"""The fast loop and the real pipeline, on real Kafka and PostgreSQL: every question takes the same road in both."""

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import recorded_thirds
from recorded_notes import SETS, document
from rich.console import Console

from infra.backtest.planned import CASES, portfolio
from infra.backtest.priors import learned, seeded, source_of
from infra.backtest.run import Document, decided, questions, through_kafka
from schemas.check_settings import USUAL_THRESHOLD
from schemas.portfolio import Portfolio

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


PLANNED = {"agreement": {"when": "planned"}}


def known(right: float, wrong: float, confirmed: tuple[float, float] | None) -> dict[str, Any]:
    """What recorded answers would have taught of one model; ``confirmed``: right and wrong where middle agrees."""
    found = {"by": "middle", "success": confirmed[0], "false_accepts": confirmed[1]} if confirmed else None
    return {"success": right, "false_accepts": wrong, "answers": 50, "source": "made", "confirmed": found}


def planned() -> Document:
    """Sums are worth confirming, and notes are not."""
    told = document(checks=["format", "demands", PLANNED], explore=0.2).portfolio.model_dump(mode="json")
    told["lanes"]["sums"]["checks"] = [PLANNED]
    small = {"sums": known(0.5, 0.5, (0.5, 0.01)), "notes": known(0.9, 0.02, (0.05, 0.01))}
    for name, model in told["models"].items():
        model["priors"] = small if name == "small" else dict.fromkeys(small, known(0.95, 0.05, None))
    return Document(Path("planned.yaml"), Portfolio.of(told))


@pytest.mark.usefixtures("small_stack")
async def test_they_agree_on_whom_another_must_confirm_where_the_plan_says(tmp_path: Path) -> None:
    """Each question thrice: with a fifth of the requests explored, some notes are confirmed all the same."""
    thrice = {
        task: [replace(each, id=f"{each.id}-{turn}") for turn in range(EACH) for each in asked]
        for task, asked in SETS.items()
    }
    run = await decided(planned(), thrice, tmp_path, tell)
    said = {f"{c.verdict}: {c.detail}" for road in run.roads.values() for s in road.steps for c in s.checks}

    assert any(each.startswith("doubt: another model") for each in said), "sums are confirmed"
    assert any(each.startswith("cannot_tell: the router's plan") for each in said), "notes are not"
    assert not await through_kafka(run, EACH * EACH, tmp_path, Console(file=StringIO(), width=160))


@pytest.mark.usefixtures("small_stack")
@pytest.mark.parametrize(("name", "way"), [("gsm8k", "planned"), ("ifeval", "planned"), ("ifeval", "threshold")])
async def test_they_agree_on_recorded_answers_where_the_plan_says_who_is_confirmed_and_how(
    name: str, way: str, recorded_data: Path, tmp_path: Path
) -> None:
    plain = Document(Path(f"{name}.yaml"), portfolio(CASES[name], way))
    asked = questions(recorded_data, [plain], 60)
    found = await learned(plain, asked, tmp_path, tell)
    after = seeded(plain.portfolio, found, source_of(found, asked))
    run = await decided(Document(plain.path, after), asked, tmp_path, tell)
    checks = [check for road in run.roads.values() for step in road.steps for check in step.checks]

    lowered = [check for check in checks if check.threshold is not None and check.threshold < USUAL_THRESHOLD]
    assert bool(lowered) == (way == "threshold")
    assert not await through_kafka(run, 20, tmp_path, Console(file=StringIO(), width=160))


@pytest.mark.usefixtures("small_stack")
async def test_a_third_opinion_is_the_same_in_the_loop_and_through_kafka(tmp_path: Path) -> None:
    run = await decided(recorded_thirds.document(), recorded_thirds.SETS, tmp_path, tell)
    ends = {road.end.model for road in run.roads.values() if road.end}

    assert ends == {"small", "middle", "strong"}, "each of the two that differ should win once, and once nobody"
    assert not await through_kafka(run, len(recorded_thirds.ROADS), tmp_path, Console(file=StringIO(), width=160))


@pytest.mark.usefixtures("small_stack")
async def test_a_third_by_plan_is_the_same_in_the_loop_and_through_kafka(tmp_path: Path) -> None:
    """The lane learned from these very sums what a third settles; a bar that less will clear takes less."""
    asked = recorded_thirds.SETS
    for bar, thirds in ((None, 4), (0.2, 0)):
        plain = recorded_thirds.document("planned", learns=True, explore=0.0, bar={"success": bar})
        found = await learned(plain, asked, tmp_path, tell)
        after = seeded(plain.portfolio, found, source_of(found, asked))
        run = await decided(Document(plain.path, after), asked, tmp_path, tell)
        settled = [turn for road in run.roads.values() for turn in road.turns if turn.reason == "disagreed"]

        assert sum(turn.action == "agreement" for turn in settled) == thirds
        assert not await through_kafka(run, len(asked["sums"]), tmp_path, Console(file=StringIO(), width=160))
