"""What the profiler lets a cache do: only for whom the gateway asked, in a lane that keeps, with nothing private."""

from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from asking import NOW, asked, received

from schemas.content import body_of
from schemas.example_request import DOCUMENT
from schemas.portfolio import Portfolio, Tenant
from schemas.reaction import DONE, NotYet, Said
from schemas.recall import Keep, Recall, Recalled
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.vocabulary import DataClass
from services.profiler.domain.admit import identity_of
from services.profiler.domain.budget import hold_of
from services.profiler.handlers import Handlers

KEY = "ab" * 32
ANSWER = body_of(b'{"message": {"role": "assistant", "content": "At nine."}, "finish_reason": "stop"}')
FOUND = Recalled(request_id=uuid4(), lane="simple", model="small", provider="local", answer=ANSWER)
KNOWN = Recall(key=KEY, revision="rev-1", found=FOUND)
NEW = Recall(key=KEY, revision="rev-1")


def caching(**cache: Any) -> Portfolio:
    document: Any = deepcopy(DOCUMENT)
    document["lanes"]["simple"]["cache"] = {"for_s": 60, **cache}
    return Portfolio.of(document)


@dataclass(frozen=True)
class InForce:
    current: PortfolioRevised

    def revision(self, name: str) -> Portfolio:
        raise NotYet(name)


def profiled(
    request: RequestSubmitted, topic: str = "request.submitted.gateway", size: int = 900_000, **cache: Any
) -> RequestProfiled:
    revised = PortfolioRevised(
        revision="rev-1", number=1, portfolio=caching(**cache), revised_at=NOW, author="operator", current=True
    )
    handlers = Handlers(InForce(revised), "request.submitted", frozenset(), 60, size)
    value = request.to_json()
    (write,) = handlers.on_request_submitted(request, received(topic, value=value)).writes
    (said,) = write.then[DONE]
    assert isinstance(said, Said)
    return said.event


def public(recall: Recall | None, content: str = "When do you open?", **fields: Any) -> RequestSubmitted:
    return asked(content, **{"data_class": DataClass.PUBLIC, "recall": recall, **fields})


def told(event: RequestProfiled) -> tuple[Recalled | None, Keep | None]:
    return event.recalled, event.request.keep


def test_an_answer_that_was_found_ends_the_request() -> None:
    assert told(profiled(public(KNOWN))) == (FOUND, None)


def test_where_none_was_found_the_new_one_is_to_be_kept() -> None:
    assert told(profiled(public(NEW))) == (None, Keep(key=KEY, for_s=60))


@pytest.mark.parametrize("recall", [KNOWN, NEW])
@pytest.mark.parametrize(
    ("content", "fields", "cache"),
    [
        ("When do you open? Tell ada@example.com.", {"data_class": DataClass.INTERNAL}, {}),
        ("My card is 4111 1111 1111 1111.", {}, {}),
        ("When do you open?", {"data_class": DataClass.CONFIDENTIAL}, {}),
        ("When do you open?", {"data_class": DataClass.RESTRICTED}, {}),
        ("When do you open?", {"data_class": None}, {}),
        ("When do you open?", {"data_class": DataClass.INTERNAL}, {"data_classes": ["public"]}),
        ("When do you open?", {"lane": "critical"}, {}),
        ("When do you open?", {"lane": "no such lane"}, {}),
    ],
)
def test_what_is_private_or_in_another_lane_is_neither_served_nor_kept(
    recall: Recall, content: str, fields: dict[str, Any], cache: dict[str, Any]
) -> None:
    assert told(profiled(public(recall, content, **fields), **cache)) == (None, None)


@pytest.mark.parametrize("topic", ["request.submitted", "request.submitted.shop", "request.submitted.gateway2"])
def test_nobody_but_the_gateway_can_say_what_was_verified(topic: str) -> None:
    assert told(profiled(public(KNOWN), topic)) == (None, None)


def test_a_key_of_another_revision_counts_for_nothing() -> None:
    assert told(profiled(public(KNOWN.model_copy(update={"revision": "rev-0"})))) == (None, None)


def test_an_answer_that_passed_the_checks_of_another_lane_is_not_served_here() -> None:
    elsewhere = KNOWN.model_copy(update={"found": FOUND.model_copy(update={"lane": "critical"})})
    assert told(profiled(public(elsewhere))) == (None, Keep(key=KEY, for_s=60))


def test_an_answer_that_its_events_have_no_room_for_is_left_out() -> None:
    long = FOUND.model_copy(update={"answer": body_of(b'{"message": {"content": "%s"}}' % (b"x" * 5_000))})
    event = profiled(public(KNOWN.model_copy(update={"found": long})), size=4_000)
    assert (event.recalled, event.refusal) == (None, None)


def test_what_costs_nothing_holds_nothing() -> None:
    tenant = Tenant(budget_usd_per_day=Decimal(1))
    assert hold_of(profiled(public(KNOWN)), tenant) is None
    assert hold_of(profiled(public(NEW)), tenant) is not None


def test_what_the_cache_held_at_the_time_makes_no_other_request() -> None:
    request_id = uuid4()
    bodies = {identity_of(public(recall, request_id=request_id)) for recall in (KNOWN, NEW, None)}
    assert len(bodies) == 1
