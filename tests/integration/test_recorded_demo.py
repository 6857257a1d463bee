"""Real recorded answers through the whole pipeline, on real Kafka and PostgreSQL: a small sample, checked whole."""

from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from rich.console import Console

from infra.local.documents import read_portfolio
from infra.local.following import Roads
from infra.local.recorded.material import Material, QuestionSet, prepare
from infra.local.recorded.question import Question
from infra.local.recorded.reading import read_sets
from infra.local.recorded.run import PORTFOLIO, QUESTIONS_A_SET, run, scores_of, show
from schemas.content import Answer
from schemas.content import Question as Asked
from schemas.vocabulary import Verdict
from services.validator.domain.agreement import compared
from services.validator.domain.demands import demanded
from services.validator.domain.found_demands import found_in

SAMPLE = 12
"""Of each set: enough for the two cheap models to disagree once."""


def test_every_set_has_as_many_complete_questions_as_the_demo_asks(recorded_data: Path, tmp_path: Path) -> None:
    material = prepare(read_sets(recorded_data), read_portfolio(PORTFOLIO), QUESTIONS_A_SET, tmp_path, uuid4)

    assert {each.name: len(each.asked) for each in material.sets} == {
        "gsm8k": QUESTIONS_A_SET,
        "ifeval": QUESTIONS_A_SET,
    }


@pytest.mark.usefixtures("small_stack")
async def test_a_sample_ends_as_its_recorded_answers_say(recorded_data: Path, tmp_path: Path) -> None:
    material = prepare(read_sets(recorded_data), read_portfolio(PORTFOLIO), SAMPLE, tmp_path, uuid4)
    console = Console(file=StringIO(), width=160)

    roads = await run(material, tmp_path, console)
    scores = {score.name: score for score in scores_of(material, roads)}
    show(list(scores.values()), console)

    _is_what_was_recorded(material, roads)
    gsm8k, ifeval = material.sets
    agreed = [_agree(gsm8k, question) for question in gsm8k.asked.values()]
    small, middle, strong = scores["gsm8k"].by_rung.values()
    assert (small.accepted, middle.accepted, strong.accepted) == (sum(agreed), 0, SAMPLE - sum(agreed))
    assert 0 < strong.accepted < SAMPLE, "the sample should show both ways"
    assert scores["gsm8k"].verified.accepted == sum(agreed)
    met = [_first_that_meets_its_demands(ifeval, question) for question in ifeval.asked.values()]
    assert [tally.accepted for tally in scores["ifeval"].by_rung.values()] == [met.count(tier) for tier in range(3)]
    assert sum(scores["ifeval"].failures.values()) == met.count(None)
    assert 0 < met.count(0) < SAMPLE, "the sample should show both ways"
    assert f"always {ifeval.ladder[-1].model}" in console.file.getvalue()  # type: ignore[attr-defined]


def _is_what_was_recorded(material: Material, roads: Roads) -> None:
    """Each answer is its model's recorded text, and each cost the modelled cost of the models that were asked."""
    for each in material.sets:
        rungs = {rung.model: rung for rung in each.ladder}
        for request_id, question in each.asked.items():
            road = roads[str(request_id)]
            assert road.end
            if road.end.succeeded:
                assert road.end.answer
                recorded = question.answers[rungs[road.end.model or ""].recorded].text
                assert road.end.answer["message"]["content"] == recorded
            modelled = sum(rungs[step.model].cost_micro_usd(question) for step in road.steps)
            assert road.cost_micro_usd == modelled


def _agree(each: QuestionSet, question: Question) -> bool:
    small, middle, _ = (question.answers[rung.recorded].text for rung in each.ladder)
    asked = Asked(messages=({"role": "user", "content": question.prompt},))
    return compared(asked, _answer(small), _answer(middle)).same


def _first_that_meets_its_demands(each: QuestionSet, question: Question) -> int | None:
    demands = found_in(question.prompt)
    texts = [question.answers[rung.recorded].text for rung in each.ladder]
    met = [all(told.verdict == Verdict.PASS for told in demanded(text, demands)) for text in texts]
    return met.index(True) if True in met else None


def _answer(text: str) -> Answer:
    return Answer(message={"role": "assistant", "content": text}, finish_reason="stop")
