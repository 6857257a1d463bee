"""Which conversation a request belongs to: by what its client says of it, else by what was said first."""

from typing import Any

import pytest
from asking import asked, portfolio, received
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Body, Json
from schemas.request import Conversation
from schemas.vocabulary import DataClass, Operation
from services.profiler.domain.admit import Terms, profile
from services.profiler.domain.conversation import LOOKED_AT, conversation_of

TERMS = Terms("rev-1", 60.0, frozenset())
texts = st.text(min_size=1, max_size=40)


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def assistant(text: str) -> Json:
    return {"role": "assistant", "content": text}


def system(text: str) -> Json:
    return {"role": "system", "content": text}


def of(*messages: Json, tenant: str = "acme", **fields: Any) -> Conversation | None:
    told = asked(**fields).model_copy(update={"messages": messages} if messages else {})
    return conversation_of(told, tenant, is_sealed=False)


@given(texts, st.lists(texts, max_size=4))
def test_later_turns_belong_to_what_was_said_first(first: str, more: list[str]) -> None:
    later = [each for text in more for each in (assistant(text), user(text))]
    assert of(user(first), *later) == of(user(first)) != of(user(first + "?"))


def test_what_was_said_first_is_told_from_text_in_parts_and_without_the_systems() -> None:
    parts = [{"type": "text", "text": "Where is it?"}, {"type": "image_url", "image_url": {"url": "https://a/b.png"}}]
    told = {
        of(system(f"It is {time}."), user(content)) for time in ("nine", "ten") for content in (parts, "Where is it?")
    }
    assert len(told) == 1
    assert told.pop() != of(user("Who is it?"))


def test_a_session_counts_whatever_is_said() -> None:
    one = of(user("One"), session="s-1", params={"prompt_cache_key": "k", "user": "ann"})
    assert one == of(user("Two"), session="s-1") != of(user("One"), session="s-2")
    assert one is not None and one.told_by == "session"


def test_a_cache_key_counts_whatever_is_said_first() -> None:
    one = of(user("One"), params={"prompt_cache_key": "k"})
    assert one == of(user("Two"), params={"prompt_cache_key": "k", "user": "ann"})
    assert one != of(user("One"), session="k")
    assert one is not None and one.told_by == "prompt_cache_key"


@pytest.mark.parametrize("name", ["user", "safety_identifier"])
def test_the_same_words_of_two_users_are_two_conversations(name: str) -> None:
    ann, ben = (of(user("Hi"), params={name: who}) for who in ("ann", "ben"))
    assert ann is not None and ben is not None
    assert (ann.told_by, ann == ben) == ("first message", False)


@pytest.mark.parametrize("fields", [{"session": "s"}, {"params": {"prompt_cache_key": "k"}}, {}])
def test_tenants_have_conversations_of_their_own(fields: Json) -> None:
    assert of(tenant="acme", **fields) != of(tenant="bank", **fields)


def test_no_more_of_the_first_message_is_looked_at_than_tells_it_apart() -> None:
    long = "a" * LOOKED_AT
    assert of(user(long + "b")) == of(user(long + "c")) != of(user("b" + long))


@pytest.mark.parametrize(
    "messages", [(system("Answer."),), (user([{"type": "image_url", "image_url": {"url": "https://a/b"}}]),)]
)
def test_where_no_text_is_a_users_nothing_tells_a_conversation(messages: tuple[Json, ...]) -> None:
    assert of(*messages) is None


def test_vectors_are_no_conversation() -> None:
    assert of(user("A text."), operation=Operation.EMBEDDINGS) is None


@pytest.mark.parametrize("params", [{"prompt_cache_key": 7}, {"prompt_cache_key": ""}, {"user": ["ann"]}])
def test_a_hint_that_is_no_text_is_passed_over(params: Json) -> None:
    assert of(user("Hi"), params=params) == of(user("Hi"))


def test_of_sealed_content_only_the_session_is_told() -> None:
    def told(has_keys: bool, **fields: Any) -> Conversation | None:
        terms = Terms("rev-1", 60.0, frozenset(), has_keys=has_keys)
        submitted = asked(data_class=DataClass.CONFIDENTIAL, **fields)
        return profile(submitted, received(), "acme", portfolio(), terms).request.conversation

    assert told(has_keys=True) is None
    assert told(has_keys=True, params={"prompt_cache_key": "ann@example.org"}) is None
    assert told(has_keys=True, session="s") == told(has_keys=False, session="s") is not None
    assert told(has_keys=False) is not None


def test_of_what_came_sealed_nothing_is_told_where_it_need_not_have_been() -> None:
    came = asked().model_copy(update={"body": Body(ref="r", sha256="0" * 64, bytes=2, key_id="k")})
    assert conversation_of(came, "acme", is_sealed=False) is None


def test_a_request_carries_it() -> None:
    told = profile(asked(session="s"), received(), "acme", portfolio(), TERMS).request.conversation
    assert told == of(session="s")
