"""Two roads of one question: the same, or told in which word they are not."""

from dataclasses import replace
from datetime import UTC, datetime

from infra.backtest.agreement import differences
from services.console.domain.road import End, Road, Step, Turn, Verdict

SMALL = Step(1, "primary", 0, "small", "one", Verdict.REJECTED, "check_failed", "told at length", cost_micro_usd=3)
STRONG = Step(2, "primary", 1, "strong", "two", Verdict.ACCEPTED, cost_micro_usd=9)
ROAD = Road(
    "an-id",
    steps=(SMALL, STRONG),
    turns=(Turn(2, "up", "check_failed", "told at length"),),
    end=End("verified", answer={"message": {"content": "42"}}, model="strong", cost_micro_usd=12, latency_ms=0),
)


def test_times_make_no_difference() -> None:
    slow = [replace(step, latency_ms=900) for step in ROAD.steps]
    end = replace(ROAD.end or End("?"), latency_ms=1_800, at=datetime(2026, 1, 1, tzinfo=UTC))

    assert not list(differences(ROAD, replace(ROAD, steps=tuple(slow), end=end, trace_id="a-trace")))


def test_another_model_is_told_with_both_names() -> None:
    other = replace(ROAD, steps=(SMALL, replace(STRONG, model="middle")))

    assert list(differences(ROAD, other)) == ["attempt 2: model is strong in the loop, middle through Kafka"]


def test_an_attempt_that_one_side_lacks_is_told() -> None:
    (told,) = differences(ROAD, replace(ROAD, steps=(SMALL,)))

    assert told.startswith("attempt 2: ")
    assert told.endswith("nothing through Kafka")


def test_a_request_without_an_end_is_told() -> None:
    told = list(differences(ROAD, replace(ROAD, end=None)))

    assert told[0].startswith("the end: ")
    assert "nothing through Kafka" in told[0]


def test_another_answer_is_told_without_its_words() -> None:
    end = replace(ROAD.end or End("?"), answer={"message": {"content": "43"}})

    assert list(differences(ROAD, replace(ROAD, end=end))) == ["the end: another answer"]
