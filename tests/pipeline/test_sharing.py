"""Two providers of one model share its requests, a conversation at one; what one has no room for, the other answers."""

import json
from itertools import count, islice
from uuid import uuid4

import httpx

from pipeline.scripts import Remembers, fails, says
from pipeline.stack import Pipeline
from pipeline.waiting import until
from schemas.asking import DEFAULT_TENANT
from schemas.attempt import AttemptDispatched, Candidate
from schemas.content import Json
from schemas.money import micro_from_usd
from schemas.request import RequestSubmitted
from services.profiler.domain.conversation import conversation_of
from services.router.domain.conversations import drawn_for
from services.router.domain.sharing import Sharer, lot_of

FULL = 'portfolio_provider_full{provider="thin",service="router"} 1.0'


def asks(*said: str) -> Json:
    """A conversation so far: what the user and the assistant said in turn."""
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[at % 2], "content": text} for at, text in enumerate(said)], "lane": "shared"}


def draws(provider: str, other: str, model: str, asked: Json) -> bool:
    """Whether this provider draws the higher lot for the conversation of a request."""
    found = conversation_of(RequestSubmitted.read(json.dumps(asked)), DEFAULT_TENANT, is_sealed=False)
    assert found is not None
    mine, others = (
        lot_of(drawn_for(found), Sharer(Candidate(model=model, provider=at), 1, f"{model}@{at}".encode()))
        for at in (provider, other)
    )
    return mine > others


def drawn_by(provider: str, other: str, model: str, asked: Json, most: int) -> list[str]:
    """So many sessions of this request of which this provider draws the higher lot."""
    sessions = (str(uuid4()) for _ in count())
    return list(islice((each for each in sessions if draws(provider, other, model, {**asked, "session": each})), most))


def is_full(pipeline: Pipeline) -> bool:
    """Whether the router has heard that attempts wait at the provider with few calls a minute."""
    return FULL in httpx.get(f"{pipeline.services.health}/metrics", trust_env=False, timeout=10).text


def test_two_providers_of_a_model_each_answer_their_part(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({name: [says("Seven.")] * 3 for name in ("acme-twin", "backup-twin")})
    expected = dict.fromkeys(drawn_by("acme", "backup", "twin", script.request(), 3), "acme")
    expected |= dict.fromkeys(drawn_by("backup", "acme", "twin", script.request(), 3), "backup")
    ids = {each: pipeline.submit(script.request(lane="shared", session=each)) for each in expected}
    assert {session: pipeline.completed(each).provider for session, each in ids.items()} == expected


def test_a_conversation_stays_where_its_prompt_is_known_and_conversations_spread(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({name: [says("Seven.")] * 9 for name in ("acme-twin", "backup-twin")})
    said: dict[str, list[str]] = {"acme": [], "backup": []}
    while not all(len(each) > 1 for each in said.values()):
        first = f"{uuid4()}: {script.question}"
        at = "acme" if draws("acme", "backup", "twin", asks(first)) else "backup"
        said[at].append(first)
    for provider, firsts in said.items():
        for first in firsts[:2]:
            for turns in ((first,), (first, "Seven.", "Sure?"), (first, "Seven.", "Sure?", "Yes.", "Why?")):
                assert pipeline.completed(pipeline.submit(asks(*turns))).provider == provider


def test_a_later_turn_costs_less_where_its_beginning_was_read(pipeline: Pipeline) -> None:
    remembers = Remembers("Seven.")
    script = pipeline.scripts.expect({name: [remembers] * 2 for name in ("acme-twin", "backup-twin")})
    first = f"{script.question} {'All that is known of it. ' * 40}"
    before, after = (
        pipeline.completed(pipeline.submit(asks(*said))) for said in ((first,), (first, "Seven.", "Are you sure?"))
    )
    assert (before.usage.cached_input_tokens, after.provider) == (0, before.provider)
    assert after.usage.cached_input_tokens > 0.9 * before.usage.input_tokens
    assert after.usage.input_tokens > before.usage.input_tokens
    assert micro_from_usd(after.cost_usd) < micro_from_usd(before.cost_usd) / 2
    [attempt] = pipeline.ledger.story(after.request_id)["attempts"]
    assert attempt["cached_input_tokens"] == after.usage.cached_input_tokens
    assert attempt["cost_micro_usd"] == micro_from_usd(after.cost_usd)


def test_the_story_of_a_request_tells_that_turns_stay_together(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-twin": [says("Seven.")]})
    [session] = drawn_by("acme", "backup", "twin", script.request(), 1)
    request_id = pipeline.submit(script.request(lane="shared", session=session))
    pipeline.completed(request_id)
    said = pipeline.log.one(request_id, "attempt.dispatched.acme").event
    assert isinstance(said, AttemptDispatched)
    shares = "it shares requests with twin@backup, and 50% are its own"
    assert said.choice.why == f"the cheapest eligible path; {shares}; turns of one session stay together"


def test_what_a_provider_refuses_for_the_moment_its_equal_answers(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-twin": [fails(429)], "backup-twin": [says("Seven.")]})
    [session] = drawn_by("acme", "backup", "twin", script.request(), 1)
    end = pipeline.completed(pipeline.submit(script.request(lane="shared", session=session)))
    assert (end.provider, script.models()) == ("backup", ["acme-twin", "backup-twin"])


def test_what_would_wait_at_one_provider_its_equal_answers_at_once(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"thin-narrow": [says("Six.")] * 2, "backup-narrow": [says("Seven.")]})
    first, second, third = drawn_by("thin", "backup", "narrow", script.request(), 3)
    ids = [pipeline.submit(script.request(lane="narrow", session=each)) for each in (first, second)]
    until(lambda: is_full(pipeline), "the router hears that an attempt waits")
    ids.append(pipeline.submit(script.request(lane="narrow", session=third)))
    ends = [pipeline.completed(each) for each in ids]
    assert [end.provider for end in ends] == ["thin", "thin", "backup"]
    assert ends[2].completed_at < ends[1].completed_at
    said = pipeline.log.one(ids[-1], "attempt.dispatched.backup").event
    assert isinstance(said, AttemptDispatched)
    assert "attempts wait at its equal narrow@thin" in said.choice.why
