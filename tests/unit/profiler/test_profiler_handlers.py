from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from asking import NOW, asked, portfolio, received

from schemas.content import Body, InlineContents, body_of
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, LongWork, NotYet, Refused, Said
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.vocabulary import Reason
from services.profiler.domain.admit import DUPLICATE, REUSED
from services.profiler.handlers import Handlers


@dataclass(frozen=True)
class InForce:
    current: PortfolioRevised

    def revision(self, name: str) -> Portfolio:
        raise NotYet(name)


@dataclass(frozen=True)
class Why:
    reason: str
    detail: str


REVISED = PortfolioRevised(
    revision="rev-1", number=1, portfolio=portfolio(), revised_at=NOW, author="operator", current=True
)
HANDLERS = Handlers(
    InForce(REVISED), "request.submitted", frozenset(), longest_deadline_s=60, largest_event_bytes=900_000
)


def profiled_by(reaction: Any) -> RequestProfiled:
    (write,) = reaction.writes
    (said,) = write.then[DONE]
    assert isinstance(said, Said)
    assert isinstance(said.event, RequestProfiled)
    return said.event


def test_a_request_is_said_only_when_its_row_let_it_in() -> None:
    reaction = HANDLERS.on_request_submitted(asked(), received())
    (write,) = reaction.writes

    assert not reaction.says
    assert (write.table, write.key) == ("admissions", profiled_by(reaction).request.request_id)
    assert DUPLICATE not in write.then
    assert [type(said) for said in write.then[REUSED]] == [Refused]
    assert profiled_by(reaction).request.revision == "rev-1"


def test_the_hash_of_a_body_is_over_what_we_understand_of_it() -> None:
    (first,) = HANDLERS.on_request_submitted(asked(), received(offset=1)).writes
    (again,) = HANDLERS.on_request_submitted(asked(), received(offset=2)).writes
    (other,) = HANDLERS.on_request_submitted(asked("And on Sunday?"), received(offset=3)).writes

    assert first.row.body_hash == again.row.body_hash == sha256(asked().to_json()).digest()
    assert first.row.body_hash != other.row.body_hash
    assert first.row.origin != again.row.origin


def test_the_same_record_again_says_the_same() -> None:
    twice = [profiled_by(HANDLERS.on_request_submitted(asked(), received())) for _ in range(2)]

    assert twice[0] == twice[1]


def test_a_json_object_that_is_no_request_gets_an_honest_end() -> None:
    value = b'{"messages": [], "tenant": "other"}'
    reaction = HANDLERS.on_unreadable(Why("wrong_shape", "messages: too short"), received(value=value))
    event = profiled_by(reaction)

    assert event.refusal is not None
    assert (event.refusal.reason, event.refusal.detail) == (Reason.INVALID_REQUEST, "messages: too short")
    assert event.request.tenant == "default"
    assert reaction.writes[0].row.body_hash == sha256(value).digest()


@pytest.mark.parametrize("value", [b"", b"hello", b"[1]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_anything_else_is_a_dead_letter(value: bytes) -> None:
    reaction = HANDLERS.on_unreadable(Why("not_json", "the value is not JSON"), received(value=value))

    assert reaction.says == (Refused("not_json", "the value is not JSON"),)
    assert not reaction.writes


def test_a_request_that_no_event_could_carry_is_refused_without_its_content() -> None:
    quotes = '"' * 500_000  # each becomes four bytes as JSON text within JSON
    large = asked(quotes)

    with pytest.raises(LongWork) as long:
        HANDLERS.on_request_submitted(large, received(value=large.to_json()))
    long.value.work()
    profiled = profiled_by(HANDLERS.on_request_submitted(large, received(value=large.to_json())))

    assert profiled.refusal is not None
    assert profiled.refusal.reason == Reason.TOO_LARGE
    assert len(profiled.to_json()) < 5_000


class Kept(InlineContents):
    """Contents that hold one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self, body: Body, request_id: UUID) -> str:
        return self._text


def referring(text: str, ref: str = "2026-05-04/a") -> RequestSubmitted:
    told = body_of(text.encode()).model_copy(update={"inline": None, "ref": ref})
    return asked(None, request_id=UUID(int=7), body=told)


def test_content_by_reference_is_profiled_as_if_it_came_whole_and_stays_where_it_is() -> None:
    whole = asked("Extract the city.", response_format={"type": "json_object"}, params={"seed": 7})
    text = whole.to_json().decode()
    reaction = replace(HANDLERS, contents=Kept(text)).on_request_submitted(referring(text), received())
    event = profiled_by(reaction)
    same = profiled_by(HANDLERS.on_request_submitted(whole.model_copy(update={"request_id": UUID(int=7)}), received()))

    assert event.body == referring(text).body
    assert event.request == same.request


def test_a_request_is_the_same_wherever_its_content_is_kept() -> None:
    text = asked("hi").to_json().decode()
    handlers = replace(HANDLERS, contents=Kept(text))
    first, second, other = (
        handlers.on_request_submitted(referring(*told), received()).writes[0].row.body_hash
        for told in ((text, "2026-05-04/a"), (text, "2026-05-05/b"), (text + " ", "2026-05-04/a"))
    )
    assert first == second != other


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"messages": []}', '{"messages": [{"content": "a secret"}]}'])
def test_content_by_reference_that_is_no_request_is_an_honest_refusal(text: str) -> None:
    event = profiled_by(replace(HANDLERS, contents=Kept(text)).on_request_submitted(referring(text), received()))

    assert event.request.request_id == UUID(int=7)
    assert event.refusal is not None
    assert event.refusal.detail.startswith("the content by reference: ")
    assert "a secret" not in event.refusal.detail
