"""What models achieve is worked out of the ledger's rows: on a real PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from ledger_at_work import Api, api, escalated_once
from unit.ledger.ledger_story import DAWN, PATHS, Log, Story

from schemas.attempt import Candidate
from schemas.fact import Event
from schemas.standing import ModelScored
from schemas.vocabulary import Reason, Role, Status
from services.ledger.adapters.scoring import Scoring

__all__ = ["api"]
SMALL, LARGE = PATHS
SCORING = Scoring(0.9, 0.25)


async def scored(api: Api) -> list[ModelScored]:
    """All that is to be said; and it is."""
    scores = await api.database.patiently(SCORING.unsaid)
    await api.database.patiently(lambda connection: SCORING.were_said(connection, scores))
    return scores


async def tell(api: Api, story: Story, events: Sequence[Event]) -> None:
    log = Log(now=story.admitted_at)
    for event in events:
        log.say(event)
    await api.hear(log.heard)


async def answered(api: Api, minute: int, *, well: bool, cost: int = 50) -> Story:
    """A request of this minute, that the small model answered."""
    story = Story(f"of minute {minute}", admitted_at=DAWN + timedelta(minutes=minute))
    verdict = story.accepted(1) if well else story.rejected(1)
    await tell(api, story, [story.profiled(), story.dispatched(1), story.completed(1, cost=cost), verdict])
    return story


async def test_each_path_of_a_request_is_judged_by_its_own_answer(api: Api) -> None:
    await api.hear(escalated_once(Story("escalated")).heard)

    large, small = await scored(api)

    assert (large.task, large.model, large.version, large.successes, large.failures) == (
        "extraction", "large", "acme", 1, 0,
    )  # fmt: skip
    assert (small.model, small.successes, small.failures, small.fresh_failures) == ("small", 0, 1, 1.0)
    assert (small.mean_micro_usd, large.mean_micro_usd, large.mean_latency_ms) == (50, 700, 900)


async def test_what_is_older_counts_less(api: Api) -> None:
    for minute, well in enumerate((True, True, False)):
        await answered(api, minute, well=well, cost=100 if well else 1_000)

    (score,) = await scored(api)

    assert (score.successes, score.failures) == (2, 1)
    assert (score.fresh_successes, score.fresh_failures) == pytest.approx((0.9 + 0.81, 1.0))
    assert score.mean_micro_usd == round((1_000 + 171) / 2.71)


async def test_a_score_is_said_again_only_when_it_changed_and_its_sequence_rises(api: Api) -> None:
    await answered(api, 0, well=True)
    (first,) = await scored(api)

    assert await scored(api) == []
    await answered(api, 1, well=True)
    (second,) = await scored(api)
    assert second.sequence > first.sequence
    assert second.subject == first.subject


async def test_a_score_that_was_not_said_is_said_the_next_time(api: Api) -> None:
    await answered(api, 0, well=True)
    unsaid = await api.database.patiently(SCORING.unsaid)

    assert await scored(api) == unsaid


async def test_an_accepted_answer_that_users_call_wrong_is_a_false_accept(api: Api) -> None:
    story = await answered(api, 0, well=True)
    assert [score.successes for score in await scored(api)] == [1]
    await tell(api, story, [story.feedback(1, score=0.0)])

    (score,) = await scored(api)

    assert (score.successes, score.failures, score.fresh_false_accepts) == (0, 1, 1.0)


async def test_another_tenants_word_changes_no_score(api: Api) -> None:
    story = await answered(api, 0, well=True)
    await tell(api, story, [story.feedback(1, score=0.0, tenant="somebody else")])

    assert [(score.successes, score.fresh_false_accepts) for score in await scored(api)] == [(1, 0.0)]


async def test_a_doubted_answer_is_right_when_another_model_agrees(api: Api) -> None:
    story = Story("doubted")
    second = {"path": LARGE, "role": Role.AGREEMENT}
    asked = [story.profiled(), story.dispatched(1), story.completed(1), story.doubted(1)]
    await tell(api, story, asked)
    assert await scored(api) == []
    await tell(api, story, [story.dispatched(2, **second), story.completed(2, **second), story.accepted(2, **second)])

    assert [(score.model, score.successes, score.failures) for score in await scored(api)] == [("small", 1, 0)]


OPINION = {"path": LARGE, "role": Role.AGREEMENT}
THIRD = {"path": Candidate(model="third", provider="acme"), "role": Role.AGREEMENT}


def contradicted(story: Story) -> list[Event]:
    """The large model's answer is another one than the small model's."""
    asked = [story.profiled(), story.dispatched(1), story.completed(1), story.doubted(1)]
    return [*asked, story.dispatched(2, **OPINION), story.completed(2, **OPINION), story.doubted(2, **OPINION)]


@pytest.mark.parametrize(
    ("given_by", "judged"), [(None, [("small", 1, 0)]), (2, [("small", 0, 1)])], ids=["the first's", "the second's"]
)
async def test_an_answer_that_another_model_contradicted_is_right_where_a_third_took_it(
    api: Api, given_by: int | None, judged: list[tuple[str, int, int]]
) -> None:
    story = Story("settled")
    accepted = story.accepted(3, **THIRD).model_copy(update={"given_by": given_by})
    third = [story.dispatched(3, **THIRD), story.completed(3, **THIRD), accepted]
    await tell(api, story, [*contradicted(story), *third])

    assert [(score.model, score.successes, score.failures) for score in await scored(api)] == judged


async def test_an_answer_that_another_model_contradicted_and_no_third_took_is_wrong(api: Api) -> None:
    gone_up, differing = Story("gone up"), Story("all differ")
    up = [gone_up.dispatched(3, path=LARGE), gone_up.completed(3, path=LARGE), gone_up.accepted(3, path=LARGE)]
    await tell(api, gone_up, [*contradicted(gone_up), *up])
    third = [differing.dispatched(3, **THIRD), differing.completed(3, **THIRD), differing.rejected(3, **THIRD)]
    await tell(api, differing, [*contradicted(differing), *third])

    found = {score.model: (score.successes, score.failures) for score in await scored(api)}
    assert found == {"small": (0, 2), "large": (1, 0)}


async def test_words_on_the_seconds_answer_are_none_on_the_firsts_checks(api: Api) -> None:
    for nth, (given_by, attempt) in enumerate([(None, None), (2, None), (2, 2)]):
        story = Story(f"settled {given_by}, of attempt {attempt}")
        accepted = story.accepted(3, **THIRD).model_copy(update={"given_by": given_by})
        third = [story.dispatched(3, **THIRD), story.completed(3, **THIRD), accepted]
        ended = story.ended_well(path=LARGE if given_by else SMALL)
        await tell(api, story, [*contradicted(story), *third, ended, story.feedback(nth, score=0.0, attempt=attempt)])

    told = (await api.get("/scores", since=DAWN.isoformat()))["checks"]
    assert {(each["check"], each["judged"], each["false_accepts"]) for each in told} >= {("schema", 1, 1)}
    assert {each["judged"] for each in told} == {1}


def shown_to_judges(story: Story, given_by: int | None, last: Event) -> list[Event]:
    """A third took an answer, and two looks of a judge were taken at it."""
    judge = {"path": LARGE, "role": Role.JUDGE}
    taken = story.doubted(3, **THIRD).model_copy(update={"look": Role.JUDGE, "given_by": given_by})
    third = [story.dispatched(3, **THIRD), story.completed(3, **THIRD), taken]
    first = story.doubted(4, **judge).model_copy(update={"look": Role.JUDGE, "checks": ()})
    looks = [story.dispatched(4, **judge), story.completed(4, **judge), first]
    return [*contradicted(story), *third, *looks, story.dispatched(5, **judge), story.completed(5, **judge), last]


@pytest.mark.parametrize(
    ("given_by", "judged"), [(None, []), (2, [("small", 0, 1)])], ids=["the first's", "the second's"]
)
async def test_what_a_third_took_and_judges_did_not_decide_on_is_not_held_against_its_model(
    api: Api, given_by: int | None, judged: list[tuple[str, int, int]]
) -> None:
    story = Story("undecided")
    undecided = story.doubted(5, path=LARGE, role=Role.JUDGE).model_copy(update={"look": Role.PRIMARY})
    await tell(api, story, shown_to_judges(story, given_by, undecided))

    assert [(score.model, score.successes, score.failures) for score in await scored(api)] == judged


async def test_a_persons_word_on_the_seconds_answer_that_a_judge_rejected_is_none_on_the_firsts_checks(
    api: Api,
) -> None:
    story = Story("confirmed")
    rejected = story.rejected(5, path=LARGE, role=Role.JUDGE)
    end = story.ended_well().model_copy(update={"status": Status.HUMAN, "confirms": 5})
    await tell(api, story, [*shown_to_judges(story, 2, rejected), end])
    assert (await api.get("/scores", since=DAWN.isoformat()))["checks"] == []

    await tell(api, story, [story.feedback(1, score=0.0, attempt=1)])
    assert (await api.get("/scores", since=DAWN.isoformat()))["checks"] == [], "the judge rejected the second's"


@pytest.mark.parametrize(("good", "judged"), [(True, [(1, 0)]), (False, [(0, 1)]), (None, [])])
async def test_an_answer_is_what_two_looks_of_a_judge_say_and_the_judge_is_not_scored(
    api: Api, good: bool | None, judged: list[tuple[int, int]]
) -> None:
    story, judge = Story("judged"), {"path": LARGE, "role": Role.JUDGE}
    verdict = {True: story.accepted, False: story.rejected, None: story.doubted}[good]
    answer = [story.profiled(), story.dispatched(1), story.completed(1), story.doubted(1)]
    first = [story.dispatched(2, **judge), story.completed(2, **judge), story.doubted(2, **judge)]
    second = [story.dispatched(3, **judge), story.completed(3, **judge), verdict(3, **judge)]
    await tell(api, story, [*answer, *first, *second])

    scores = await scored(api)

    assert [(score.successes, score.failures) for score in scores] == judged
    assert {score.model for score in scores} <= {"small"}


@pytest.mark.parametrize(
    ("reason", "failures"), [(Reason.TIMEOUT, [1]), (Reason.RATE_LIMITED, []), (Reason.STARVED, [])]
)
async def test_a_path_that_could_not_be_asked_is_not_judged(api: Api, reason: Reason, failures: list[int]) -> None:
    story = Story("failed")
    await tell(api, story, [story.profiled(), story.dispatched(1), story.failed(1, reason)])

    assert [score.failures for score in await scored(api)] == failures


async def test_the_api_tells_what_was_learned_of_models_and_checks(api: Api) -> None:
    stories = [await answered(api, minute, well=True) for minute in range(4)]
    await tell(api, stories[0], [stories[0].feedback(1, score=0.0)])
    await tell(api, stories[1], [stories[1].feedback(1, score=1.0)])
    await scored(api)

    told = await api.get("/scores", since=DAWN.isoformat())

    (score,) = told["scores"]
    assert (score["task"], score["model"], score["successes"], score["failures"]) == ("extraction", "small", 3, 1)
    assert score["success"] == pytest.approx((1 + 0.9 + 0.81) / (1 + 0.9 + 0.81 + 0.729))
    low, high = score["interval"]
    assert 0.2 < low < score["success"] < high < 1.0
    assert [(each["check"], each["judged"], each["false_accepts"]) for each in told["checks"]] == [
        ("not_empty", 2, 1),
        ("policy", 2, 1),
        ("schema", 2, 1),
    ]
    later = await api.get("/scores", since=(DAWN + timedelta(days=1)).isoformat())
    assert later["checks"] == []


async def test_the_plan_of_a_lane_and_class_is_that_of_its_newest_request(api: Api) -> None:
    older, newer = (
        Story(name, admitted_at=DAWN + timedelta(minutes=age)) for age, name in ((1, "older"), (2, "newer"))
    )
    for story, why in ((older, "the cheapest eligible path"), (newer, "the cheapest plan")):
        asked = story.dispatched(1)
        said = asked.model_copy(update={"choice": asked.choice.model_copy(update={"why": why})})
        await tell(api, story, [story.profiled(), said])
    unasked = Story("unasked", admitted_at=DAWN + timedelta(hours=2))
    await tell(api, unasked, [unasked.profiled()])

    (plan,) = (await api.get("/plans", since=DAWN.isoformat()))["plans"]

    assert (plan["lane"], plan["task"], plan["request_id"]) == ("simple", "extraction", str(newer.request_id))
    assert (plan["model"], plan["provider"], plan["why"]) == ("small", "local", "the cheapest plan")
    assert (await api.get("/plans", since=(DAWN + timedelta(hours=1)).isoformat()))["plans"] == []
