"""What plans expected, and what came of their requests: worked out of the ledger's rows, on a real PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest
from ledger_at_work import Api, api
from unit.ledger.ledger_story import DAWN, Log, Story

from schemas.fact import Event
from schemas.vocabulary import Status

__all__ = ["api"]
SINCE = {"since": DAWN.isoformat()}


def planned(story: Story, success: str | None) -> Event:
    """The first choice, by a plan that expects this; or by none."""
    asked = story.dispatched(1)
    road = f"small → large: success {success}% (at least 81.0%, 95 % sure), $0.000050"
    beside = "runner-up large: success 99.9% (at least 97.0%, 95 % sure), $0.000700"
    plan = f"the cheapest plan that clears a bar of 80.0%: {road}; {beside}"
    why = plan if success else "explored: some requests go to the path of which least is known"
    return asked.model_copy(update={"choice": asked.choice.model_copy(update={"why": why})})


async def served(api: Api, minute: int, success: str | None, *after: str, status: Status = Status.VERIFIED) -> Story:
    """A request of this minute, that the small model answered, or none (``failed``)."""
    story = Story(f"of minute {minute}", admitted_at=DAWN + timedelta(minutes=minute))
    asked = [story.profiled(), planned(story, success), story.completed(1)]
    ended = [story.rejected(1), story.ended_badly()]
    if "failed" not in after:
        ended = [story.accepted(1), story.ended_well(status=status)]
    said = [story.feedback(1, score=0.0 if "wrong" in after else 1.0)] if {"wrong", "well"} & {*after} else []
    log = Log(now=story.admitted_at)
    for event in [*asked, *ended, *said]:
        log.say(event)
    await api.hear(log.heard)
    return story


async def foreseen(api: Api) -> list[dict[str, Any]]:
    return (await api.get("/scores", **SINCE))["foreseen"]


async def test_what_plans_expected_stands_beside_what_came_and_what_people_said(api: Api) -> None:
    for minute, after in enumerate([(), ("well",), ("wrong",), ("failed",)]):
        await served(api, minute, "92.0" if minute else "94.0", *after)
    await served(api, 5, "71.5")

    sure, unsure = await foreseen(api)

    assert (sure["lane"], sure["requests"], sure["right"], sure["share"]) == ("simple", 4, 2, 0.5)
    assert sure["expected"] == pytest.approx(0.925)
    assert (sure["spoken_of"], sure["called_right"]) == (2, 1)
    assert (unsure["expected"], unsure["requests"], unsure["right"], unsure["is_as_expected"]) == (0.715, 1, 1, True)


async def test_only_requests_that_ended_and_had_a_plan_count_and_a_persons_answer_is_no_success_of_it(api: Api) -> None:
    running = Story("running", admitted_at=DAWN + timedelta(minutes=1))
    log = Log(now=running.admitted_at)
    for event in (running.profiled(), planned(running, "92.0")):
        log.say(event)
    await api.hear(log.heard)
    await served(api, 2, None)
    assert await foreseen(api) == []

    await served(api, 3, "92.0", status=Status.HUMAN)
    await served(api, 4, "92.0", status=Status.UNVERIFIED)
    (told,) = await foreseen(api)
    assert (told["requests"], told["right"]) == (2, 1)


async def test_many_that_come_out_worse_than_expected_are_told(api: Api) -> None:
    for minute in range(8):
        await served(api, minute, "95.0", *(("failed",) if minute % 2 else ()))

    (told,) = await foreseen(api)

    assert (told["requests"], told["right"], told["is_as_expected"]) == (8, 4, False)
