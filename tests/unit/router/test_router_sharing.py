"""Equal paths of a tier share requests by the request's id; who has attempts waiting is asked after the others."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from knowing import UNEXPLORED, Router
from routing import NOW, alive, path_of, portfolio, scored, shut

from schemas.attempt import Candidate, Tried
from schemas.example_request import LARGE, SMALL
from schemas.portfolio import Portfolio
from schemas.standing import WorkerReady
from schemas.vocabulary import Action, Reason, Role
from services.router.domain.sharing import (
    Drawn,
    Group,
    Share,
    Sharer,
    arranged,
    groups_of,
    lot_of,
    share_of,
    why_shared,
)
from services.router.domain.standing import StandingView

TWIN, THIRD = Candidate(model="small", provider="twin"), Candidate(model="small", provider="third")
HOURLY = {"usd_per_hour": "0.05"}
IDS = [UUID(int=number) for number in range(1_000)]
uuids = st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number))
weights = st.lists(st.floats(0.01, 100), min_size=2, max_size=5)


def small_at(*endpoints: dict[str, Any]) -> Portfolio:
    """The portfolio of the examples, whose small model has these endpoints, at providers of its own."""
    told = {"adapter": "openai_compatible", "base_url": "${LOCAL_MODEL_URL}", "region": "on-premises"}
    providers = tuple((f"providers/{each['provider']}", told) for each in endpoints)
    return portfolio(*providers, ("models/small/endpoints", [{"model": "small-q4", **each} for each in endpoints]))


def twins(**of_twin: Any) -> Portfolio:
    return small_at({"provider": "local", "price": HOURLY}, {"provider": "twin", "price": HOURLY, **of_twin})


def all_alive(*full: str) -> StandingView:
    """All providers have workers; at these attempts wait."""
    view = alive("local", "azure", "mistral", "twin", "third")
    for provider in full:
        until = NOW + timedelta(seconds=5)
        view.apply_worker(WorkerReady(provider=provider, worker="w", ready=True, full_until=until, at=NOW))
    return view


def group(*weights: float) -> Group:
    paths = (Candidate(model="m", provider=f"p{number}") for number in range(len(weights)))
    return tuple(Sharer(path, weight, f"{path.provider}".encode()) for path, weight in zip(paths, weights, strict=True))


def first_of(group: Group, request_id: UUID, *full: Sharer) -> Sharer:
    may = {each.path for each in group}
    share = share_of(group, may, Drawn(request_id.bytes), lambda path: any(path == each.path for each in full))
    assert share is not None
    return share.order[0]


def asked_by(router: Router, *path: Candidate) -> UUID:
    """The id of a request that this router sends that way first."""
    return next(each for each in IDS if path_of(router.first(request_id=each)) in path)


@settings(max_examples=20)
@given(weights)
def test_each_path_has_its_part_by_weight(weights: list[float]) -> None:
    sharers = group(*weights)
    firsts = [first_of(sharers, each) for each in IDS]
    for each in sharers:
        part = each.weight / sum(weights)
        assert firsts.count(each) / len(IDS) == pytest.approx(
            part, abs=5 * (part * (1 - part) / len(IDS)) ** 0.5 + 1e-3
        )


@given(weights, uuids)
def test_a_path_that_leaves_moves_only_its_own_part(weights: list[float], request_id: UUID) -> None:
    sharers = group(*weights, 1.0)
    before = first_of(sharers, request_id)
    assume(before is not sharers[-1])
    assert len(sharers) == 2 or first_of(sharers[:-1], request_id) == before


@given(weights, uuids, st.floats(1, 10))
def test_more_weight_takes_requests_and_gives_none_away(weights: list[float], request_id: UUID, more: float) -> None:
    before = first_of(group(*weights), request_id).path
    after = first_of(group(weights[0] * more, *weights[1:]), request_id).path
    assert after in (before, group(1)[0].path)


@given(weights, uuids)
def test_whoever_stands_by_comes_after_all_that_have_a_hand_free(weights: list[float], request_id: UUID) -> None:
    sharers = group(0, *weights)
    assert first_of(sharers, request_id) != sharers[0]
    assert first_of(sharers, request_id, *sharers[1:]) == sharers[0]


@given(weights, uuids)
def test_where_attempts_wait_at_all_it_is_as_where_they_wait_at_none(weights: list[float], request_id: UUID) -> None:
    sharers = group(*weights)
    assert first_of(sharers, request_id, *sharers) == first_of(sharers, request_id)


def test_lots_are_told_by_the_id_and_the_path_alone() -> None:
    sharer, one = Sharer(SMALL, 2.0, b"small@local"), Drawn(b"1")
    assert lot_of(one, sharer) == pytest.approx(2 * lot_of(one, Sharer(SMALL, 1.0, b"small@local")))
    assert lot_of(one, sharer) != lot_of(Drawn(b"2"), sharer)


@pytest.mark.parametrize(
    ("local", "twin", "equal"),
    [
        ({"input": "1", "output": "2"}, {"input": "1.1", "output": "2.2"}, True),
        ({"input": "1", "output": "2"}, {"input": "1.2", "output": "2"}, False),
        ({"input": "1", "output": "2"}, {"input": "1", "output": "2.3"}, False),
        ({"input": "0", "output": "0"}, {"input": "0", "output": "0"}, True),
        ({"input": "0", "output": "0"}, {"input": "0", "output": "1"}, False),
        (HOURLY, {**HOURLY, "tokens_per_s": 50}, True),
        (None, None, True),
        (HOURLY, None, False),
    ],
)
def test_paths_of_a_model_are_equal_where_they_cost_nearly_the_same(local: Any, twin: Any, equal: bool) -> None:
    document = small_at({"provider": "local", "price": local}, {"provider": "twin", "price": twin})
    assert bool(groups_of(document, "simple")) is equal


def test_paths_that_say_a_weight_share_whatever_they_cost() -> None:
    dear = {"input": "9", "output": "9"}
    ((found,), _) = groups_of(
        small_at({"provider": "local", "price": HOURLY, "weight": 3}, {"provider": "twin", "price": dear, "weight": 1}),
        "simple",
    )
    assert [(each.path, each.weight) for each in found] == [(SMALL, 3.0), (TWIN, 1.0)]


def test_no_two_of_a_group_are_further_apart_than_nearly() -> None:
    at = [{"provider": f"p{each}", "price": {"input": f"1.{each}", "output": "1"}} for each in (0, 1, 2)]
    ((found,), _) = groups_of(small_at(*at), "simple")
    assert [each.path.provider for each in found] == ["p0", "p1"]


def test_two_providers_of_a_model_share_and_the_choice_says_so() -> None:
    router = Router(found=twins(), standing=all_alive())
    firsts = [router.first(request_id=each) for each in IDS[:200]]
    assert {path_of(each) for each in firsts} == {SMALL, TWIN}
    assert {each.attempt.plan.tiers for each in firsts} == {((SMALL, TWIN), (LARGE,)), ((TWIN, SMALL), (LARGE,))}
    mine = next(each for each in firsts if path_of(each) == TWIN)
    assert mine.choice.why == "the cheapest eligible path; it shares requests with small@local, and 50% are its own"
    assert router.handlers.standing.taken["small@twin"] == [path_of(each) for each in firsts].count(TWIN)


def test_the_same_request_again_goes_the_same_way_whichever_router_hears_it() -> None:
    one, other = (Router(found=twins(), standing=all_alive()) for _ in range(2))
    assert [one.first(request_id=each) for each in IDS[:50]] == [other.first(request_id=each) for each in IDS[:50]]


def test_where_no_paths_are_equal_everything_is_as_it_was() -> None:
    dearer = twins(price={"usd_per_hour": "0.06"})
    assert {path_of(Router(found=dearer, standing=all_alive()).first(request_id=each)) for each in IDS[:50]} == {SMALL}


def test_a_request_goes_past_a_path_where_attempts_wait() -> None:
    request_id = asked_by(Router(found=twins(), standing=all_alive()), SMALL)
    event = Router(found=twins(), standing=all_alive("local")).first(request_id=request_id)
    assert path_of(event) == TWIN
    assert event.choice.why == "the cheapest eligible path; attempts wait at its equal small@local"


def test_where_attempts_wait_at_every_equal_a_request_waits_where_it_would_be_asked() -> None:
    request_id = asked_by(Router(found=twins(), standing=all_alive()), SMALL)
    event = Router(found=twins(), standing=all_alive("local", "twin")).first(request_id=request_id)
    assert path_of(event) == SMALL
    assert event.choice.why.endswith("attempts wait there, and at its equals: small@twin")


def test_that_attempts_wait_is_over_by_itself() -> None:
    view = all_alive("local")
    assert view.is_full("local", NOW + timedelta(seconds=4.9))
    assert not view.is_full("local", NOW + timedelta(seconds=5))


def test_what_is_decided_late_is_not_held_against_who_became_full_after_it() -> None:
    assert not all_alive("local").is_full("local", NOW - timedelta(seconds=30))


def test_a_full_path_without_an_equal_is_asked_before_a_dearer_one() -> None:
    event = Router(found=twins(price={"usd_per_hour": "0.06"}), standing=all_alive("local")).first()
    assert path_of(event) == SMALL


@pytest.mark.parametrize("view", [shut(SMALL), alive("azure", "twin")])
def test_an_equal_takes_all_where_the_other_is_left_alone_or_gone(view: StandingView) -> None:
    view.apply_worker(WorkerReady(provider="twin", worker="w", ready=True, at=NOW))
    router = Router(found=twins(), standing=view)
    events = [router.first(request_id=each) for each in IDS[:50]]
    assert {path_of(each) for each in events} == {TWIN}
    assert {each.choice.why for each in events} == {"the cheapest eligible path"}


def test_what_is_refused_goes_to_the_equal_before_any_other_model() -> None:
    between = {"endpoints": [{"provider": "azure", "model": "m", "price": {"usd_per_hour": "0.052"}}]}
    small = small_at({"provider": "local", "price": HOURLY}, {"provider": "twin", "price": {"usd_per_hour": "0.054"}})
    document = small.model_dump(mode="json", exclude_none=True)
    document["models"]["other"] = {**document["models"]["small"], **between}
    document["lanes"]["simple"]["tiers"] = [["small", "other"], ["large"]]
    router = Router(found=Portfolio.of(document), standing=all_alive())
    refused = Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider="local", reason=Reason.RATE_LIMITED)
    request_id = asked_by(router, SMALL)
    assert path_of(router.next(Action.SIDEWAYS, 0, refused, request_id=request_id)) == TWIN


def test_what_waited_in_vain_at_a_full_path_goes_to_an_equal_with_a_hand_free() -> None:
    """It was sent there before the word came. Where both are full it goes by its own lot, as at first."""
    asked = asked_by(Router(found=twins(), standing=all_alive()), SMALL)
    tried = Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider="local", reason=Reason.UNCALLED)
    full = (("local",), ("local", "twin"))
    routers = [Router(found=twins(), standing=all_alive(*each)) for each in full]
    ways = [path_of(router.next(Action.AGAIN, 0, tried, request_id=asked)) for router in routers]
    assert ways == [TWIN, SMALL]


def test_what_one_of_three_refuses_the_others_share() -> None:
    router = Router(found=small_at(*({"provider": each, "price": HOURLY} for each in ("local", "twin", "third"))))
    refused = Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider="local", reason=Reason.RATE_LIMITED)
    router.handlers.standing.workers.update(all_alive().workers)
    assert {path_of(router.next(Action.SIDEWAYS, 0, refused, request_id=each)) for each in IDS[:50]} == {TWIN, THIRD}


def known(provider: str, good: float, bad: float, latency_ms: int = 500) -> Any:
    told = scored("small", sequence=1, good=good, bad=bad, micro_usd=20)
    return told.model_copy(update={"version": provider, "mean_latency_ms": latency_ms})


def test_an_equal_of_the_plans_own_path_shares_until_it_is_known_to_be_worse() -> None:
    sound = (known("local", good=95, bad=5), scored("large", good=60, bad=2, micro_usd=3_000))
    for beside, paths in (
        ((), {SMALL, TWIN}),
        ((known("twin", good=90, bad=10),), {SMALL, TWIN}),
        ((known("twin", good=40, bad=60),), {SMALL}),
        ((known("twin", good=95, bad=5, latency_ms=60_000),), {SMALL}),
    ):
        router = Router(*sound, *beside, found=twins(), standing=all_alive())
        ids = [UUID(int=10_000 * number + UNEXPLORED.int) for number in range(50)]
        assert {path_of(router.first(request_id=each)) for each in ids} == paths


def test_what_a_choice_says_of_those_that_stand_by_or_are_full() -> None:
    one, other, spare = group(3, 1, 0)
    nobody: frozenset[Candidate] = frozenset()
    assert (
        why_shared(Share((one, other, spare), nobody), one.path) == "it shares requests with m@p1, and 75% are its own"
    )
    assert why_shared(Share((one, spare), nobody), one.path) == "m@p2 stands by for it"
    assert why_shared(Share((one, other, spare), nobody), spare.path) == "it stands by for m@p0 and m@p1"
    late = Share((spare, one, other), frozenset({one.path, other.path}))
    assert why_shared(late, spare.path) == "attempts wait at its equal m@p0 and m@p1"
    idle = group(0, 0)
    assert why_shared(Share(idle, nobody), idle[0].path) == "it shares requests with m@p1, and 50% are its own"


def test_equals_stand_together_where_the_first_of_them_stood() -> None:
    one, other = group(1, 1)
    tier = (LARGE, one.path, SMALL, other.path)
    assert arranged(tier, [Share((other, one), frozenset())]) == (LARGE, other.path, one.path, SMALL)
