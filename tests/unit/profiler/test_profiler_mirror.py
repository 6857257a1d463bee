"""Some requests of a lane are asked in another, too, for nobody: which, within which limits, and once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from asking import NOW, asked, portfolio, received
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Body, InlineContents
from schemas.ids import is_drawn, mirror_id_of, mirror_lot_of
from schemas.portfolio import Mirror, Portfolio, Tenant
from schemas.reaction import DONE, NotYet, Said, Write
from schemas.recall import Keep, Recalled
from schemas.request import Refusal, RequestProfiled
from schemas.standing import PortfolioRevised
from schemas.vocabulary import EMBEDDINGS, MIRROR, Reason
from services.profiler.domain.admit import Terms, profile
from services.profiler.domain.mirror import mirrored
from services.profiler.handlers import Handlers

LONGEST_S = 60.0
TERMS = Terms("rev-1", LONGEST_S, frozenset({"answers"}))
ANY_ID = UUID("00000000-0000-4000-8000-00000000002a")


def mirroring(share: float = 1, **limits: Any) -> Portfolio:
    """The lane of questions mirrored by the critical one."""
    found = portfolio()
    simple = found.lanes["simple"].model_copy(update={"mirror": Mirror(lane="critical", share=share)})
    critical = found.lanes["critical"].model_copy(update=limits)
    return found.model_copy(update={"lanes": {**found.lanes, "simple": simple, "critical": critical}})


def profiled(found: Portfolio, request_id: UUID = ANY_ID, **fields: Any) -> RequestProfiled:
    submitted = asked(request_id=request_id, task="faq", **fields)
    return profile(submitted, received(), "acme", found, TERMS)


def wished_for(event: RequestProfiled) -> RequestProfiled:
    """The same, with all that a client may wish of its own answer."""
    wishes = {"pinned_model": "small", "keep": Keep(key="k", for_s=60), "live": True, "reply_key": "theirs"}
    assert event.request.session and event.request.metadata
    return event.model_copy(update={"request": event.request.model_copy(update=wishes)})


def test_the_same_is_asked_within_the_other_lanes_limits_for_nobody() -> None:
    found = mirroring(max_attempts=1, deadline_s=5.0, budget_usd=None)
    event = wished_for(profiled(found, metadata={"ticket": 1}, session="s", budget_usd="0.5"))

    again = mirrored(event, found, LONGEST_S)

    assert again is not None
    request, first = again.request, event.request
    assert (request.request_id, request.lane, request.tenant) == (mirror_id_of(first.request_id), "critical", MIRROR)
    assert (request.max_attempts, request.budget_micro_usd) == (1, None)
    assert request.deadline_at == NOW + timedelta(seconds=5)
    assert NOW < again.attempt_deadline_at <= request.deadline_at
    assert (request.session, request.reply_to, request.reply_key, request.keep, request.live) == (None,) * 5
    assert (request.metadata, request.pinned_model) == ({}, None)
    assert (again.body, request.data_class, request.risk) == (event.body, first.data_class, first.risk)
    assert request.profile.why == f"mirror of {first.request_id}: {first.profile.why}"
    assert request.profile == first.profile.model_copy(update={"why": request.profile.why})


def test_it_ends_within_the_longest_deadline_that_anybody_gets() -> None:
    found = mirroring(deadline_s=3_600.0)
    again = mirrored(profiled(found), found, LONGEST_S)

    assert again is not None
    assert again.request.deadline_at == NOW + timedelta(seconds=LONGEST_S)


@given(st.uuids(), st.floats(0.001, 1))
def test_a_share_of_requests_is_told_by_their_ids(request_id: UUID, share: float) -> None:
    found = mirroring(share)
    event = profiled(found, request_id)

    again = mirrored(event, found, LONGEST_S)

    assert (again is not None) == is_drawn(mirror_lot_of(request_id), share)
    assert again == mirrored(event, found, LONGEST_S)


def test_about_that_share_of_many() -> None:
    found, ids = mirroring(0.05), [mirror_id_of(UUID(int=number)) for number in range(2_000)]

    assert 70 <= sum(mirrored(profiled(found, each), found, LONGEST_S) is not None for each in ids) <= 130


@pytest.mark.parametrize(
    "told",
    [
        {"refusal": Refusal(reason=Reason.INVALID_REQUEST, detail="no")},
        {"recalled": Recalled.model_construct()},
        {"body": Body(ref="objects/1", sha256="0" * 64, bytes=2)},
        {"body": Body(inline="c2VhbGVk", sha256="0" * 64, bytes=2, key_id="k1")},
    ],
    ids=["refused", "recalled", "by reference", "sealed"],
)
def test_what_no_model_is_asked_for_or_is_kept_for_it_alone_is_not_asked_twice(told: dict[str, Any]) -> None:
    found = mirroring()

    assert mirrored(profiled(found).model_copy(update=told), found, LONGEST_S) is None


def test_an_answer_that_goes_to_its_clients_own_topic_alone_has_no_second_on_the_topic_that_all_read() -> None:
    found = mirroring()
    submitted = asked(request_id=ANY_ID, task="faq")
    event = profile(submitted, received(reply_to="answers"), "acme", found, TERMS)

    assert event.request.reply_to == "answers"
    assert mirrored(event, found, LONGEST_S) is None


def test_vectors_are_not_asked_for_twice() -> None:
    found = mirroring()
    event = profiled(found)
    needs = event.request.profile.model_copy(update={"needs": (EMBEDDINGS,)})
    vectors = event.model_copy(update={"request": event.request.model_copy(update={"profile": needs})})

    assert mirrored(vectors, found, LONGEST_S) is None


def test_a_lane_without_a_mirror_asks_once() -> None:
    assert mirrored(profiled(portfolio()), portfolio(), LONGEST_S) is None


def handlers(found: Portfolio) -> Handlers:
    revised = PortfolioRevised(
        revision="rev-1", number=1, portfolio=found, revised_at=NOW, author="operator", current=True
    )
    return Handlers(InForce(revised), "request.submitted", frozenset(), LONGEST_S, 900_000, InlineContents())


class InForce:
    """The portfolio in force."""

    def __init__(self, current: PortfolioRevised) -> None:
        self.current = current

    def revision(self, name: str) -> Portfolio:
        raise NotYet(name)


def writes(found: Portfolio) -> tuple[Write, ...]:
    submitted = asked(request_id=ANY_ID, task="faq")
    return tuple(handlers(found).on_request_submitted(submitted, received()).writes)


def said(write: Write) -> list[RequestProfiled]:
    return [each.event for each in write.then[DONE] if isinstance(each, Said)]  # type: ignore[misc]


def test_both_are_admitted_each_once_by_its_own_row() -> None:
    first, second = writes(mirroring())

    assert [write.table for write in (first, second)] == ["admissions", "admissions"]
    assert [each.request.request_id for each in said(first)] == [ANY_ID]
    assert [each.request.request_id for each in said(second)] == [second.key] == [mirror_id_of(ANY_ID)]
    assert set(second.then) == {DONE}, "nothing is said of one that came before, or that its budget has no room for"
    assert (second.row.body_hash, second.row.origin) == (first.row.body_hash, first.row.origin)


def test_what_is_asked_for_nobody_holds_of_a_budget_of_its_own() -> None:
    told = mirroring(budget_usd=Decimal("0.25"))
    first, second = writes(told.model_copy(update={"tenants": {MIRROR: Tenant(budget_usd_per_day="1")}}))

    assert first.row.hold is None
    assert second.row.hold is not None
    assert second.row.hold.micro_usd == 250_000
    assert replace(second.row, hold=None) == writes(told)[1].row
