"""What a worker may spend: reserved before a call, settled after it, never more in all."""

import asyncio
from random import Random

from dispatches import dispatched
from hypothesis import given
from hypothesis import strategies as st
from scripted_provider import ScriptedProvider
from test_model_worker_call import ASKED, bench, claimed, good

from schemas.attempt import AttemptCompleted, AttemptFailed, Cost
from schemas.vocabulary import Reason
from services.model_worker.adapters.spend_cap import SpendCap
from services.model_worker.domain.calls import CallFailed


def priced(micro_usd: int) -> Cost:
    return Cost(micro_usd=micro_usd, price_list="2026-01-01")


def reserve(money: SpendCap, cap: int, most: int) -> int | CallFailed:
    return money.reserve(cap, priced(most), limits_tokens=True)


# What a call can cost at most, the share of it that it does cost, and how many of the running calls end before it.
calls = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 100), st.integers(0, 3)), max_size=40)


@given(cap=st.integers(0, 2_000), asked=calls, order=st.randoms(use_true_random=False))
def test_no_order_of_calls_and_of_their_ends_spends_more_than_the_cap(
    cap: int, asked: list[tuple[int, int, int]], order: Random
) -> None:
    money, running = SpendCap(), list[tuple[int, int]]()
    for most, share, ends_first in asked:
        for _ in range(min(ends_first, len(running))):
            money.settle(*running.pop(order.randrange(len(running))))
        reserved = reserve(money, cap, most)
        if not isinstance(reserved, CallFailed):
            running.append((reserved, most * share // 100))
        assert money.spent_micro_usd + sum(held for held, _ in running) <= cap
    order.shuffle(running)
    for reserved, cost in running:
        money.settle(reserved, cost)
    assert money.spent_micro_usd <= cap
    assert isinstance(reserve(money, cap, cap - money.spent_micro_usd), int), "what is not used is free again"


def test_a_refusal_names_the_cap_and_what_is_left() -> None:
    money = SpendCap()
    money.settle(0, 60_000)
    refused = reserve(money, 100_000, 50_000)
    assert isinstance(refused, CallFailed)
    assert refused.reason is Reason.SPEND_CAPPED
    assert all(part in refused.detail for part in ("$0.05", "$0.04", "$0.1", "spend_cap_usd"))
    assert "lower max_tokens" in refused.detail


def test_a_refusal_of_a_call_without_a_limit_says_to_set_one() -> None:
    refused = SpendCap().reserve(100, priced(101), limits_tokens=False)
    assert isinstance(refused, CallFailed)
    assert "or set max_tokens" in refused.detail


def test_a_model_without_a_price_is_not_called_under_a_cap() -> None:
    refused = SpendCap().reserve(100_000, Cost(), limits_tokens=True)
    assert isinstance(refused, CallFailed)
    assert "no price" in refused.detail


async def test_the_call_that_could_go_beyond_the_cap_is_not_made(provider: ScriptedProvider) -> None:
    provider.says(good())
    event = dispatched(messages=ASKED, params={"max_tokens": 40})
    usual = await bench(provider.url).perform(event)
    assert isinstance(usual.event, AttemptCompleted)
    worker = bench(provider.url, spend_cap_usd="0.001")
    ends = [(await worker.calls.perform(claimed(event))).event for _ in range(20)]
    await worker.providers.close()
    made = [end for end in ends if isinstance(end, AttemptCompleted)]
    refused = [end for end in ends if isinstance(end, AttemptFailed)]
    assert made
    assert {(end.reason, end.cost.micro_usd) for end in refused} == {(Reason.SPEND_CAPPED, 0)}
    assert sum(end.cost.micro_usd for end in made) <= 1_000
    assert len(worker.spans) == len(made), "nobody was called for the others"


async def test_calls_at_once_never_pass_the_cap(provider: ScriptedProvider) -> None:
    provider.says(good())
    usual = await bench(provider.url).perform(dispatched(messages=ASKED, params={"max_tokens": 40}))
    cost = usual.event.cost.micro_usd
    worker = bench(provider.url, spend_cap_usd="0.001")
    events = [dispatched(messages=ASKED, params={"max_tokens": 40}) for _ in range(60)]
    ended = await asyncio.gather(*(worker.calls.perform(claimed(event)) for event in events))
    later = [await worker.calls.perform(claimed(event)) for event in events]
    await worker.providers.close()
    made = [each for each in (*ended, *later) if isinstance(each.event, AttemptCompleted)]
    assert 0 < len(made) < len(events), "some at once, and with what they left some more"
    assert len(provider.requests) - 1 == len(made)
    assert len(made) * cost <= 1_000
    assert len(made) > len([each for each in ended if isinstance(each.event, AttemptCompleted)])


async def test_the_calls_of_a_lost_worker_are_not_of_this_ones_cap(provider: ScriptedProvider) -> None:
    provider.says(good())
    event = dispatched(messages=ASKED, params={"max_tokens": 40})
    cap = SpendCap()
    worker = bench(provider.url, cap=cap, spend_cap_usd="0.10")
    finished = await worker.calls.perform(claimed(event, taken_over=True))
    own = await worker.calls.perform(claimed(event))
    await worker.providers.close()
    assert finished.event.cost.micro_usd > own.event.cost.micro_usd, "two calls more may have been paid elsewhere"
    assert cap.spent_micro_usd == 2 * own.event.cost.micro_usd
