"""What makes two requests the same to the cache, what a client may wish, and what of an end is kept."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.outcome import RequestCompleted
from schemas.portfolio import Portfolio
from schemas.request import Grant, RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.adapters.answer_cache import AnswerCache
from services.gateway.domain.cache import Wish, cache_header, given_of, kept_of, may_be_cached, recall_of, wish_in
from services.gateway.domain.chat_request import asked_of

ASK = [{"role": "user", "content": "Where is the Louvre?"}]
KEEP = {"key": "ab" * 32, "for_s": 60}
Make = Callable[..., RequestCompleted]


def ask(**more: Any) -> RequestSubmitted:
    return asked_of(json.dumps({"messages": ASK, **more}).encode(), uuid4()).submitted


def key(asked: RequestSubmitted, tenant: str = "shop", revision: str = "r1") -> str:
    return recall_of(asked, tenant, revision).key


def caching(revised: PortfolioRevised, *lanes: str) -> Portfolio:
    told = {name: lane.model_copy(update={"cache": None}) for name, lane in revised.portfolio.lanes.items()}
    document = revised.portfolio.model_copy(update={"lanes": told}).model_dump(mode="json", exclude_none=True)
    for lane in lanes:
        document["lanes"][lane]["cache"] = {"for_s": 60}
    return Portfolio.of(document)


@pytest.mark.parametrize(
    "same",
    [
        {"stream": True},
        {"user": "ada"},
        {"prompt_cache_key": "faq", "safety_identifier": "ada"},
        {"metadata": {"a": 1}},
        {"portfolio": {"session": "s", "deadline_s": 3, "budget_usd": "0.1"}},
        {"messages": [{"content": "Where is the Louvre?", "role": "user"}]},
    ],
)
def test_what_changes_no_answer_makes_no_other_request(same: dict[str, Any]) -> None:
    assert key(ask(**same)) == key(ask())
    assert key(ask().model_copy(update={"grant": Grant(key="mp-1")})) == key(ask())


@pytest.mark.parametrize(
    "other",
    [
        {"messages": [{"role": "user", "content": "Where is the Louvre? "}]},
        {"messages": [{"role": "system", "content": "Be short."}, *ASK]},
        {"seed": 1},
        {"temperature": 0.5},
        {"max_tokens": 9},
        {"model": "small"},
        {"response_format": {"type": "json_object"}},
        {"tools": [{"type": "function", "function": {"name": "look"}}]},
        *({"portfolio": told} for told in ({"lane": "simple"}, {"task": "faq"}, {"risk": "high"})),
        *({"portfolio": told} for told in ({"data_class": "public"}, {"checks": [{"name": "format"}]})),
        {"portfolio": {"sources": [{"id": "a", "text": "In Paris."}]}},
    ],
)
def test_what_may_change_the_answer_makes_another_request(other: dict[str, Any]) -> None:
    assert key(ask(**other)) != key(ask())


def test_another_tenant_or_revision_has_another_key() -> None:
    assert len({key(ask()), key(ask(), tenant="bank"), key(ask(), revision="r2")}) == 3


@given(st.text(), st.text())
def test_two_texts_have_one_key_only_if_they_are_the_same(one: str, other: str) -> None:
    keys = [key(ask(messages=[{"role": "user", "content": text}])) for text in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        ({}, Wish.ANSWER),
        ({"cache-control": "max-age=60"}, Wish.ANSWER),
        ({"cache-control": "No-Cache"}, Wish.NEW_ANSWER),
        ({"cache-control": "max-age=0"}, Wish.NEW_ANSWER),
        ({"cache-control": "no-cache, no-store"}, Wish.NOTHING),
    ],
)
def test_a_client_says_no_as_http_has_it(header: dict[str, str], wish: Wish) -> None:
    assert wish_in(header) is wish


def test_only_what_may_end_in_a_lane_with_a_cache_is_looked_for(revised: PortfolioRevised) -> None:
    portfolio = caching(revised, "simple")
    asked = [ask(), ask(model="portfolio/simple"), ask(model="portfolio/critical"), ask(model="small")]
    assert [may_be_cached(each, portfolio) for each in asked] == [True, True, False, True]
    assert not any(may_be_cached(each, caching(revised)) for each in asked)


def test_a_verified_answer_is_kept_with_its_verdicts(make_completed: Make) -> None:
    checks = [{"name": "schema", "verdict": "pass"}]
    end = make_completed(uuid4(), keep=KEEP, checks=checks)
    kept = kept_of(end, 1_000)
    assert kept is not None
    assert (kept.key, kept.tenant, kept.for_s) == (b"\xab" * 32, end.tenant, 60)
    assert (kept.recalled.request_id, kept.recalled.checks) == (end.request_id, end.checks)
    assert json.loads(kept.recalled.answer.text()) == end.answer
    assert cache_header(end) == {"x-portfolio-cache": "miss"}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"keep": KEEP, "status": "unverified"},
        {"keep": KEEP, "status": "human"},
        {"keep": KEEP, "status": "a word of later"},
        {"keep": KEEP, "recalled_from": str(uuid4())},
        {"keep": KEEP, "answer": None},
        {"keep": KEEP, "answer": {"message": {"content": "x" * 1_000}, "finish_reason": "stop"}},
    ],
)
def test_nothing_else_is_kept(make_completed: Make, told: dict[str, Any]) -> None:
    assert kept_of(make_completed(uuid4(), **told), 1_000) is None


def test_what_came_from_the_cache_is_told_and_noted(make_completed: Make) -> None:
    end = make_completed(uuid4(), recalled_from=str(uuid4()))
    assert cache_header(end) == {"x-portfolio-cache": "hit"}
    assert (given := given_of(end)) is not None
    assert (given.request_id, given.first) == (end.request_id, end.recalled_from)
    assert given_of(make_completed(uuid4())) is None
    assert cache_header(make_completed(uuid4())) == {}


def test_ends_are_counted_by_lane(make_completed: Make) -> None:
    cache = AnswerCache(None, 1_000, 1_000)  # type: ignore[arg-type]  nothing is written here
    for told in ({}, {"keep": KEEP}, {"keep": KEEP, "status": "unverified"}, {"recalled_from": str(uuid4())}):
        cache.heard(make_completed(uuid4(), **told))
    assert (dict(cache.hits), dict(cache.misses)) == ({"simple": 1}, {"simple": 2})
