"""What a worker may spend: reserved before a call, settled after it, never more in all."""

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


calls = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 100), st.booleans()), max_size=40)


@given(cap=st.integers(0, 2_000), asked=calls)
def test_no_order_of_calls_spends_more_than_the_cap(cap: int, asked: list[tuple[int, int, bool]]) -> None:
    money, running = SpendCap(), list[tuple[int, int]]()
    for most, share, ends_first in asked:
        if ends_first and running:
            reserved, cost = running.pop(0)
            money.settle(reserved, priced(cost))
        reserved = money.reserve(cap, priced(most))
        if not isinstance(reserved, CallFailed):
            running.append((reserved, most * share // 100))
        assert money.spent_micro_usd + sum(cost for _, cost in running) <= cap
    for reserved, cost in running:
        money.settle(reserved, priced(cost))
    assert money.spent_micro_usd <= cap
    assert isinstance(money.reserve(cap, priced(cap - money.spent_micro_usd)), int), "what is not used is free again"


def test_a_refusal_names_the_cap_and_what_is_left() -> None:
    money = SpendCap()
    money.settle(0, priced(60_000))
    refused = money.reserve(100_000, priced(50_000))
    assert isinstance(refused, CallFailed)
    assert refused.reason is Reason.SPEND_CAPPED
    assert all(part in refused.detail for part in ("$0.05", "$0.04", "$0.1", "spend_cap_usd"))


def test_a_model_without_a_price_is_not_called_under_a_cap() -> None:
    refused = SpendCap().reserve(100_000, Cost())
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
