"""Two providers of one model share its requests; what one has no room for, the other answers."""

from itertools import count, islice
from uuid import UUID, uuid5

import httpx

from pipeline.scripts import fails, says
from pipeline.stack import Pipeline
from pipeline.waiting import until
from schemas.attempt import AttemptDispatched, Candidate
from schemas.ids import NAMESPACE
from services.router.domain.sharing import Sharer, lot_of

FULL = 'portfolio_provider_full{provider="thin",service="router"} 1.0'


def drawn_by(provider: str, other: str, model: str, test: str, most: int) -> list[UUID]:
    """So many ids of requests of which this provider draws the higher lot."""
    mine, others = (
        Sharer(Candidate(model=model, provider=at), 1, f"{model}@{at}".encode()) for at in (provider, other)
    )
    ids = (uuid5(NAMESPACE, f"{test} {number}") for number in count())
    return list(islice((each for each in ids if lot_of(each, mine) > lot_of(each, others)), most))


def is_full(pipeline: Pipeline) -> bool:
    """Whether the router has heard that attempts wait at the provider with few calls a minute."""
    return FULL in httpx.get(f"{pipeline.services.health}/metrics", trust_env=False, timeout=10).text


def test_two_providers_of_a_model_each_answer_their_part(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({name: [says("Seven.")] * 3 for name in ("acme-twin", "backup-twin")})
    drawn = dict.fromkeys(drawn_by("acme", "backup", "twin", "parts", 3), "acme")
    drawn |= dict.fromkeys(drawn_by("backup", "acme", "twin", "parts", 3), "backup")
    for request_id in drawn:
        pipeline.submit(script.request(lane="shared", request_id=str(request_id)))
    assert {each: pipeline.completed(each).provider for each in drawn} == drawn
    said = pipeline.log.one(next(iter(drawn)), "attempt.dispatched.acme").event
    assert isinstance(said, AttemptDispatched)
    assert said.choice.why == "the cheapest eligible path; it shares requests with twin@backup, and 50% are its own"


def test_what_a_provider_refuses_for_the_moment_its_equal_answers(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-twin": [fails(429)], "backup-twin": [says("Seven.")]})
    [request_id] = drawn_by("acme", "backup", "twin", "refused", 1)
    end = pipeline.completed(pipeline.submit(script.request(lane="shared", request_id=str(request_id))))
    assert (end.provider, script.models()) == ("backup", ["acme-twin", "backup-twin"])


def test_what_would_wait_at_one_provider_its_equal_answers_at_once(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"thin-narrow": [says("Six.")] * 2, "backup-narrow": [says("Seven.")]})
    first, second, third = drawn_by("thin", "backup", "narrow", "room", 3)
    for request_id in (first, second):
        pipeline.submit(script.request(lane="narrow", request_id=str(request_id)))
    until(lambda: is_full(pipeline), "the router hears that an attempt waits")
    pipeline.submit(script.request(lane="narrow", request_id=str(third)))
    ends = [pipeline.completed(each) for each in (first, second, third)]
    assert [end.provider for end in ends] == ["thin", "thin", "backup"]
    assert ends[2].completed_at < ends[1].completed_at
    said = pipeline.log.one(third, "attempt.dispatched.backup").event
    assert isinstance(said, AttemptDispatched)
    assert "attempts wait at its equal narrow@thin" in said.choice.why
