"""How often answers so alike to another model's were right: worked out of the ledger's rows, on a real PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from ledger_at_work import Api, api
from unit.ledger.ledger_story import DAWN, PATHS, Log, Story

from schemas.attempt import AttemptAccepted, AttemptRejected, Candidate, CheckResult
from schemas.fact import Event
from schemas.standing import ModelScored, ScoreCurve
from schemas.vocabulary import Role, Verdict
from services.ledger.adapters.scoring import Scoring

__all__ = ["api"]
SMALL, LARGE = PATHS
ASKED = {"path": LARGE, "role": Role.AGREEMENT}
SCORING = Scoring(0.9, 0.25)


async def tell(api: Api, story: Story, events: Sequence[Event]) -> None:
    log = Log(now=story.admitted_at)
    for event in events:
        log.say(event)
    await api.hear(log.heard)


def compared(story: Story, score: float | None, verdict: Verdict) -> list[Event]:
    """The small model's answer, and what the large one's, asked the same, came to."""
    check = CheckResult(name="agreement", verdict=verdict, score=score, threshold=0.5 if score is not None else None)
    said = story.rejected(2, **ASKED) if verdict is Verdict.FAIL else story.accepted(2, **ASKED)
    assert isinstance(said, AttemptAccepted | AttemptRejected)
    answer = [story.profiled(), story.dispatched(1), story.completed(1), story.doubted(1)]
    look = [story.dispatched(2, **ASKED), story.completed(2, **ASKED)]
    return [*answer, *look, said.model_copy(update={"checks": (check,)})]


def story_of(minute: int) -> Story:
    return Story(f"of minute {minute}", admitted_at=DAWN + timedelta(minutes=minute))


async def small_scored(api: Api) -> ModelScored:
    scores = await api.database.patiently(SCORING.unsaid)
    await api.database.patiently(lambda connection: SCORING.were_said(connection, scores))
    (small,) = [each for each in scores if each.model == "small"]
    return small


async def curve(api: Api) -> ScoreCurve:
    (found,) = (await small_scored(api)).curves
    return found


def where(shares: Sequence[float]) -> dict[int, float]:
    return {bucket: share for bucket, share in enumerate(shares) if share}


async def test_scores_stand_in_their_bucket_with_who_was_asked_and_older_ones_count_less(api: Api) -> None:
    for minute, (score, verdict) in enumerate([(0.72, Verdict.PASS), (0.31, Verdict.FAIL), (1.0, Verdict.PASS)]):
        await tell(api, story := story_of(minute), compared(story, score, verdict))

    found = await curve(api)

    assert (found.check, found.by) == ("agreement", "large")
    assert where(found.seen) == {14: pytest.approx(0.81), 6: pytest.approx(0.9), 19: 1.0}
    assert (where(found.right), where(found.wrong)) == ({}, {}), "nobody said anything of them"
    assert found.answers == pytest.approx(2.71)


async def test_of_three_models_the_curve_is_that_of_the_first_two(api: Api) -> None:
    story = story_of(0)
    third = {"path": Candidate(model="third", provider="acme"), "role": Role.AGREEMENT}
    check = CheckResult(name="agreement", verdict=Verdict.DOUBT, score=0.31, threshold=0.5)
    settled = CheckResult(name="agreement", verdict=Verdict.PASS, score=0.72, threshold=0.5)
    answer = [story.profiled(), story.dispatched(1), story.completed(1), story.doubted(1)]
    differs = story.doubted(2, **ASKED).model_copy(update={"checks": (check,)})
    took = story.accepted(3, **third).model_copy(update={"checks": (settled,), "given_by": 2})
    second = [story.dispatched(2, **ASKED), story.completed(2, **ASKED), differs]
    await tell(api, story, [*answer, *second, story.dispatched(3, **third), story.completed(3, **third), took])

    found = await curve(api)

    assert (found.by, where(found.seen)) == ("large", {6: 1.0})

    await tell(api, story, [story.feedback(1, score=1.0, attempt=2), story.feedback(2, score=0.0, attempt=1)])
    found = await curve(api)
    assert (where(found.right), where(found.wrong)) == ({}, {6: 1.0}), "the second's attempt: the answer that was taken"


async def test_what_failed_before_was_not_compared_and_is_one_of_the_answers_all_the_same(api: Api) -> None:
    await tell(api, first := story_of(0), compared(first, 0.72, Verdict.PASS))
    story = story_of(1)
    await tell(api, story, [story.profiled(), story.dispatched(1), story.completed(1), story.rejected(1)])

    found = await curve(api)

    assert (where(found.seen), found.answers) == ({14: 1.0}, 2.0)


async def test_people_say_which_were_right_whatever_the_check_said(api: Api) -> None:
    await tell(api, good := story_of(0), compared(good, 0.31, Verdict.FAIL))
    await tell(api, bad := story_of(1), [*compared(bad, 0.72, Verdict.PASS), bad.ended_well(path=SMALL)])
    assert where((await curve(api)).right) == {}

    await tell(api, good, [good.feedback(1, score=1.0, attempt=1)])
    await tell(api, bad, [bad.feedback(1, score=0.0)])

    found = await curve(api)
    assert (where(found.right), where(found.wrong)) == ({6: 1.0}, {14: 1.0})


async def test_words_on_the_answer_of_another_say_nothing_of_the_one_that_was_turned_away(api: Api) -> None:
    await tell(api, story := story_of(0), [*compared(story, 0.31, Verdict.FAIL), story.ended_well(path=LARGE)])
    await tell(api, story, [story.feedback(1, score=1.0)])

    found = await curve(api)
    assert (where(found.seen), where(found.right), where(found.wrong)) == ({6: 1.0}, {}, {})


async def test_one_that_gave_nothing_to_compare_with_turns_no_answer_away(api: Api) -> None:
    await tell(api, story := story_of(0), compared(story, None, Verdict.CANNOT_TELL))

    assert where((await curve(api)).seen) == {19: 1.0}


async def test_a_judge_that_looked_later_is_believed_where_nobody_else_said_anything(api: Api) -> None:
    story, judge = story_of(0), {"path": LARGE, "role": Role.JUDGE}
    verdict = CheckResult(name="judge", verdict=Verdict.FAIL, grade=3)
    judged = story.rejected(3, **judge).model_copy(update={"checks": (verdict,)})
    await tell(api, story, [*compared(story, 0.72, Verdict.PASS), story.dispatched(3, **judge), judged])
    assert where((await curve(api)).wrong) == {14: 1.0}

    await tell(api, story, [story.feedback(1, score=1.0, attempt=1)])

    assert where((await curve(api)).right) == {14: 1.0}


async def test_a_curve_that_changed_is_said_under_a_higher_number(api: Api) -> None:
    await tell(api, story := story_of(0), [*compared(story, 0.72, Verdict.PASS), story.ended_well(path=SMALL)])
    first = await small_scored(api)

    await tell(api, story, [story.feedback(1, score=1.0)])

    second = await small_scored(api)
    assert (first.successes, second.successes) == (1, 1), "the judgement is as it was"
    assert second.sequence > first.sequence
    assert first.curves != second.curves


async def test_one_tenants_words_count_up_to_a_share_of_all(api: Api) -> None:
    """Of eight words seven are one tenant's; another's one counts whole."""
    for minute in range(8):
        story = story_of(minute)
        events = [*compared(story, 0.72, Verdict.PASS), story.ended_well(path=SMALL), story.feedback(1, score=1.0)]
        await tell(api, story, events)
    assert where((await curve(api)).right) == {14: 8.0}, "one tenant alone is whole"
    other = story_of(7).request_id
    await api.database.patiently(lambda database: database.execute(OF_ANOTHER, other))

    await tell(api, last := story_of(8), compared(last, 0.72, Verdict.PASS))

    assert where((await curve(api)).right) == {14: pytest.approx(1 + 0.25 * 8)}


OF_ANOTHER = "UPDATE ledger.graded SET tenant = 'another' WHERE request_id = $1"


async def test_the_api_tells_what_each_threshold_would_let_pass(api: Api) -> None:
    for minute, (score, verdict) in enumerate([(0.72, Verdict.PASS), (0.31, Verdict.FAIL), (0.74, Verdict.PASS)]):
        story = story_of(minute)
        await tell(
            api, story, [*compared(story, score, verdict), story.feedback(1, score=float(minute < 2), attempt=1)]
        )
    await small_scored(api)

    (curve,) = (await api.get("/scores"))["curves"]

    assert (curve["model"], curve["by"], curve["answers"], curve["spoken_of"]) == ("small", "large", 3, 3)
    lower, higher = curve["thresholds"]
    assert (lower["threshold"], lower["accepted"], lower["wrong"], lower["lost"]) == (0.3, 3, 1, 0)
    assert (higher["threshold"], higher["accepted"], higher["rejected"]) == (0.7, 2, 1)
    assert (higher["right"], higher["wrong"], higher["lost"]) == (1, 1, 1), "the one turned away was right"
