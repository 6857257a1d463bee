"""The turns of a conversation ask the same of equal paths first, as long as it asks no more often than one does."""

from datetime import timedelta
from itertools import islice
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from knowing import Router, faq
from routing import NOW, alive, path_of, portfolio

from schemas.attempt import Candidate, Tried
from schemas.example_request import SMALL
from schemas.portfolio import Portfolio
from schemas.reaction import Received
from schemas.request import Conversation
from schemas.standing import WorkerReady
from schemas.vocabulary import Action, Reason, Role
from services.router.domain import conversations
from services.router.domain.conversations import MOST_A_MINUTE, Conversations, drawn_for
from services.router.domain.sharing import Sharer, share_of

PROVIDERS = ("local", "twin", "third")
IDS = [UUID(int=number) for number in range(1_000)]
numbers = st.integers(0, 2**64 - 1)
weights = st.lists(st.floats(0.01, 100), min_size=2, max_size=5)


def conversation(number: int = 1, told_by: str = "session") -> Conversation:
    return Conversation(key=f"{number:016x}", told_by=told_by)


def shared(*weights: float) -> Portfolio:
    """The small model of the examples at so many providers."""
    told = {"adapter": "openai_compatible", "base_url": "${LOCAL_MODEL_URL}", "region": "on-premises"}
    names = PROVIDERS[: len(weights)]
    endpoints = [{"provider": at, "model": "q4", "weight": own} for at, own in zip(names, weights, strict=True)]
    return portfolio(*((f"providers/{each}", told) for each in names), ("models/small/endpoints", endpoints))


def router(*weights: float) -> Router:
    return Router(found=shared(*(weights or (1, 1))), standing=alive("azure", "mistral", *PROVIDERS))


def turns(by: Router, most: int, told: Conversation | None) -> list[str]:
    """Which provider each turn asks first, of requests with ids of their own."""
    firsts = (by.first(request_id=each, conversation=told) for each in IDS)
    return [path_of(each).provider for each in islice(firsts, most)]


def first_of(sharers: list[Sharer], number: int) -> Sharer:
    may = {each.path for each in sharers}
    share = share_of(tuple(sharers), may, drawn_for(conversation(number)), lambda path: False)
    assert share is not None
    return share.order[0]


def sharers(weights: list[float]) -> list[Sharer]:
    paths = (Candidate(model="m", provider=f"p{number}") for number in range(len(weights)))
    return [Sharer(path, weight, path.provider.encode()) for path, weight in zip(paths, weights, strict=True)]


@given(numbers)
def test_all_turns_of_a_conversation_ask_the_same_path_first(number: int) -> None:
    assert len(set(turns(router(), 5, conversation(number)))) == 1


def test_conversations_share_by_weight() -> None:
    by = router(3, 1)
    firsts = [turns(by, 1, conversation(number))[0] for number in range(400)]
    assert firsts.count("local") / 400 == pytest.approx(0.75, abs=0.08)


@settings(max_examples=20)
@given(weights)
def test_of_equals_by_any_weights_each_has_its_part(weights: list[float]) -> None:
    found = sharers(weights)
    firsts = [first_of(found, number) for number in range(1_000)]
    for each in found:
        part = each.weight / sum(weights)
        assert firsts.count(each) / 1_000 == pytest.approx(part, abs=5 * (part * (1 - part) / 1_000) ** 0.5 + 1e-3)


@given(weights, numbers)
def test_who_leaves_moves_its_own_conversations_alone(weights: list[float], number: int) -> None:
    *stay, leaves = sharers([*weights, 1.0])
    before = first_of([*stay, leaves], number)
    assert first_of(stay, number) == before or before == leaves


def test_who_comes_back_has_its_conversations_again() -> None:
    by = router()
    at = turns(by, 1, conversation())[0]
    by.handlers.standing.apply_worker(WorkerReady(provider=at, worker="w", ready=False, at=NOW))
    assert at not in turns(by, 3, conversation())
    by.handlers.standing.apply_worker(WorkerReady(provider=at, worker="w", ready=True, at=NOW))
    assert turns(by, 3, conversation()) == [at] * 3


def test_where_attempts_wait_its_turns_go_to_the_equal_until_there_is_room() -> None:
    by = router()
    at = turns(by, 1, conversation())[0]
    full = WorkerReady(provider=at, worker="w", ready=True, full_until=NOW + timedelta(seconds=5), at=NOW)
    by.handlers.standing.apply_worker(full)
    event = by.first(conversation=conversation())
    assert path_of(event).provider != at
    assert event.choice.why.endswith(f"attempts wait at its equal small@{at}")


def test_what_is_refused_is_asked_of_the_same_equal_each_time() -> None:
    by, told = router(1, 1, 1), conversation()
    at = turns(by, 1, told)[0]
    refused = Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider=at, reason=Reason.RATE_LIMITED)
    again = {
        path_of(by.next(Action.SIDEWAYS, 0, refused, request_id=each, conversation=told)).provider for each in IDS[:20]
    }
    assert len(again) == 1
    assert again < set(PROVIDERS) - {at}


def test_the_choice_tells_what_keeps_turns_together() -> None:
    event = router().first(conversation=conversation(told_by="prompt_cache_key"))
    assert event.choice.why.endswith("50% are its own; turns of one prompt_cache_key stay together")
    assert "stay together" not in router().first().choice.why


def test_what_asks_more_often_than_a_conversation_is_shared_by_each_requests_id() -> None:
    by, told = router(), conversation()
    firsts = turns(by, MOST_A_MINUTE + 100, told)
    assert len(set(firsts[:MOST_A_MINUTE])) == 1
    assert firsts[MOST_A_MINUTE:] == turns(router(), MOST_A_MINUTE + 100, None)[MOST_A_MINUTE:]
    assert set(firsts[MOST_A_MINUTE:]) == {"local", "twin"}
    assert turns(by, 3, conversation(2)) == turns(router(), 3, conversation(2))


def test_the_next_minute_it_is_together_again() -> None:
    by, told = router(), conversation()
    turns(by, MOST_A_MINUTE + 1, told)
    at = Received("request.profiled", 0, 7, NOW + timedelta(minutes=1))
    assert by.handlers.conversations.drawn(faq(conversation=told), at.at, is_first=True).kept_by == "session"
    assert by.handlers.conversations.drawn(faq(conversation=told), NOW, is_first=True).kept_by == "session"


@given(st.text(max_size=300))
def test_a_key_of_whatever_form_can_be_drawn_for(key: str) -> None:
    told = Conversation(key=key, told_by="session")
    assert len(set(turns(router(), 2, told))) == 1


def test_a_next_attempt_does_not_count() -> None:
    seen = Conversations()
    for _ in range(MOST_A_MINUTE + 1):
        assert seen.drawn(faq(conversation=conversation()), NOW, is_first=False).kept_by == "session"


def test_no_more_conversations_are_counted_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST_KEPT", 10)
    seen = Conversations()
    for number in range(100):
        seen.drawn(faq(conversation=conversation(number)), NOW, is_first=True)
        assert len(seen._asked) <= 10  # pyright: ignore[reportPrivateUsage]


def test_where_no_paths_are_equal_a_conversation_changes_nothing() -> None:
    event = Router().first(conversation=conversation())
    assert (path_of(event), event.choice.why) == (SMALL, "the cheapest eligible path")
