"""What people said of answers, held against checks and judges: on a real PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta

from ledger_at_work import Api, api
from unit.ledger.ledger_story import DAWN, PATHS, Log, Story

from schemas.attempt import AttemptAccepted, AttemptDoubted, AttemptRejected, CheckResult
from schemas.content import Json
from schemas.fact import Event
from schemas.outcome import RequestCompleted
from schemas.vocabulary import Role, Status, Verdict

__all__ = ["api"]
JUDGE = {"path": PATHS[1], "role": Role.JUDGE}
SINCE = {"since": DAWN.isoformat()}
Verdicts = AttemptAccepted | AttemptRejected | AttemptDoubted


async def tell(api: Api, story: Story, events: Sequence[Event]) -> None:
    log = Log(now=story.admitted_at)
    for event in events:
        log.say(event)
    await api.hear(log.heard)


def rejected_then_accepted(story: Story) -> list[Event]:
    first = [story.profiled(), story.dispatched(1), story.completed(1), story.rejected(1)]
    return [*first, story.dispatched(2, PATHS[1]), story.completed(2, PATHS[1]), story.accepted(2, PATHS[1])]


async def checks(api: Api) -> dict[str, tuple[int, int, int, int]]:
    """Of each check: passed, and of these wrong; failed, and of these right."""
    told = (await api.get("/scores", **SINCE))["checks"]
    names = ("judged", "false_accepts", "rejected", "false_rejects")
    return {each["check"]: tuple(each[name] for name in names) for each in told}


async def test_a_rejected_answer_that_somebody_calls_right_is_a_false_reject(api: Api) -> None:
    story = Story("rejected")
    await tell(api, story, [*rejected_then_accepted(story), story.feedback(1, score=1.0, attempt=1)])
    assert await checks(api) == {"not_empty": (1, 0, 0, 0), "schema": (0, 0, 1, 1)}
    (told,) = [each for each in (await api.get("/scores", **SINCE))["checks"] if each["check"] == "schema"]
    assert (told["share"], told["reject_share"]) == (None, 1.0)


async def test_words_on_the_outcome_say_nothing_of_what_was_rejected_before(api: Api) -> None:
    story = Story("moved up")
    await tell(api, story, [*rejected_then_accepted(story), story.feedback(1, score=0.0)])
    assert await checks(api) == {"not_empty": (1, 1, 0, 0), "policy": (1, 1, 0, 0), "schema": (1, 1, 0, 0)}


async def test_words_on_a_request_that_failed_are_of_no_answer(api: Api) -> None:
    story = Story("failed")
    events = [story.profiled(), story.dispatched(1), story.completed(1), story.rejected(1)]
    await tell(api, story, [*events, story.feedback(1, score=1.0)])
    assert await checks(api) == {}


async def test_an_answer_that_a_person_took_as_it_was_is_a_false_reject(api: Api) -> None:
    story = Story("taken")
    events = [story.profiled(), story.dispatched(1), story.completed(1), story.rejected(1)]
    end = story.ended_well()
    assert isinstance(end, RequestCompleted)
    await tell(api, story, [*events, end.model_copy(update={"status": Status.HUMAN, "confirms": 1})])
    assert (await checks(api))["schema"] == (0, 0, 1, 1)


async def test_another_tenants_words_count_for_nothing(api: Api) -> None:
    story = Story("foreign")
    await tell(api, story, [*rejected_then_accepted(story), story.feedback(1, attempt=1, tenant="somebody else")])
    assert await checks(api) == {}


def graded(event: Verdicts, grade: int, verdict: Verdict) -> Verdicts:
    return event.model_copy(update={"checks": (CheckResult(name="judge", verdict=verdict, grade=grade),)})


def judged(story: Story, first: int, second: int) -> list[Event]:
    """Answered, graded twice, and accepted."""
    answer = [story.profiled(), story.dispatched(1), story.completed(1), story.doubted(1)]
    look = [story.dispatched(2, **JUDGE), story.completed(2, **JUDGE)]
    again = [story.dispatched(3, **JUDGE), story.completed(3, **JUDGE)]
    doubt = graded(story.doubted(2, **JUDGE), first, Verdict.DOUBT)
    return [*answer, *look, doubt, *again, graded(story.accepted(3, **JUDGE), second, Verdict.PASS)]


async def judges(api: Api) -> list[Json]:
    return (await api.get("/judges", most_wrong=0.2, **SINCE))["judges"]


async def test_a_judges_grades_are_held_against_what_people_said(api: Api) -> None:
    assert await judges(api) == []
    for minute in range(20):
        story = Story(f"judged {minute}", admitted_at=DAWN + timedelta(minutes=minute))
        is_bad = minute % 10 == 0
        await tell(api, story, [*judged(story, 7 if is_bad else 9, 8), story.feedback(1, score=0.0 if is_bad else 1.0)])

    (told,) = await judges(api)

    assert (told["task"], told["judge"], told["answers"], told["good"]) == ("extraction", "large", 20, 18)
    at = {each["at_least"]: each for each in told["thresholds"]}
    assert (at[7]["accepted"], at[7]["wrong"]) == (20, 2)
    assert (at[8]["accepted"], at[8]["wrong"], at[8]["undecided"]) == (18, 0, 2)
    assert told["at_least"] == 8
    assert (await checks(api))["judge"] == (20, 2, 0, 0)
    story = await api.get(f"/requests/{Story('judged 1').request_id}")
    assert [check["grade"] for each in story["attempts"] for check in each["checks"]] == [None, 9, 8]


def checked(event: Verdicts, **verdicts: Verdict) -> Verdicts:
    """The event with these checks."""
    checks = tuple(CheckResult(name=name, verdict=verdict) for name, verdict in verdicts.items())
    return event.model_copy(update={"checks": checks})


def agreed_and_judged(story: Story) -> list[Event]:
    """Another model agreed, and then a judge looked twice: its looks say nothing of the agreement."""
    asked, agree = {"path": PATHS[1], "role": Role.AGREEMENT}, story.doubted(1)
    answer = [story.profiled(), story.dispatched(1), story.completed(1), agree]
    agreed = checked(story.doubted(2, **asked), agreement=Verdict.PASS, judge=Verdict.DOUBT)
    looks = [story.dispatched(3, **JUDGE), story.completed(3, **JUDGE)]
    looks += [checked(story.doubted(3, **JUDGE), judge=Verdict.DOUBT)]
    looks += [story.dispatched(4, **JUDGE), story.completed(4, **JUDGE)]
    looks += [checked(story.accepted(4, **JUDGE), judge=Verdict.PASS)]
    return [*answer, story.dispatched(2, **asked), story.completed(2, **asked), agreed, *looks]


async def test_what_two_models_agreed_on_is_held_against_people_beside_a_judge_too(api: Api) -> None:
    story = Story("agreed")
    await tell(api, story, [*agreed_and_judged(story), story.ended_well(), story.feedback(1, score=0.0)])
    assert await checks(api) == {"agreement": (1, 1, 0, 0), "judge": (1, 1, 0, 0)}


async def test_words_on_an_answer_that_was_kept_are_not_of_the_one_above_that_failed(api: Api) -> None:
    story, up = Story("kept"), PATHS[1]
    kept = [story.profiled(), story.dispatched(1), story.completed(1), checked(story.doubted(1), schema=Verdict.PASS)]
    above = [story.dispatched(2, up), story.completed(2, up), checked(story.rejected(2, up), schema=Verdict.FAIL)]
    end = story.ended_well()
    assert isinstance(end, RequestCompleted)
    unverified = end.model_copy(update={"status": Status.UNVERIFIED, "attempts": 2})
    await tell(api, story, [*kept, *above, unverified, story.feedback(1, score=0.0)])
    assert await checks(api) == {"schema": (1, 1, 0, 0)}
