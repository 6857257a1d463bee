"""Breakers on real Kafka: what one worker sees, all follow; an operator sees it, and closes it by hand."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest
from dispatches import dispatched
from neighbours import GOOD, Neighbours, until
from scripted_provider import ScriptedProvider, serving

from infra.bus.config import BusConfig
from schemas.attempt import AttemptCompleted, AttemptFailed
from schemas.vocabulary import BreakerState, Reason
from services.console.app import ConsoleApp
from services.console.app import build_app as build_console
from services.console.commands.breakers import close
from services.console.config import ConsoleConfig
from services.console.domain.failures import Refused

EAGER = {"base_url": "${ACME_URL}", "breaker": {"least_calls": 4, "open_s": 0.2, "probes": 2}}
PATIENT = {"base_url": "${ACME_URL}", "breaker": {"least_calls": 4, "open_s": 600}}


@pytest.fixture
async def provider() -> AsyncIterator[ScriptedProvider]:
    scripted = ScriptedProvider()
    scripted.says("{}", 500)
    async with serving(scripted):
        yield scripted


@pytest.fixture
def console(bus_config: BusConfig) -> ConsoleApp:
    return build_console(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)


def states(around: Neighbours) -> list[str]:
    return [str(event.state) for event in around.breakers]


async def ended(around: Neighbours, count: int) -> list[AttemptCompleted | AttemptFailed]:
    """Dispatch so many attempts, and wait for what came of them."""
    before = len(around.ended)
    await around.dispatch(*(dispatched() for _ in range(count)))
    await until(lambda: len(around.ended) == before + count)
    return around.ended[before:]


def reasons(events: Sequence[AttemptCompleted | AttemptFailed]) -> Counter[Reason | None]:
    """How many failed for each reason: over partitions they come in any order."""
    return Counter(event.reason if isinstance(event, AttemptFailed) else None for event in events)


async def test_what_one_worker_opens_is_open_for_a_worker_that_comes_later_until_an_operator_closes_it(
    around: Neighbours, provider: ScriptedProvider, console: ConsoleApp
) -> None:
    await around.apply(provider=PATIENT)
    async with around.working():
        await ended(around, 4)
        await until(lambda: states(around) == ["open"])
    async with around.working():
        (refused,) = await ended(around, 1)
        assert isinstance(refused, AttemptFailed)
        assert (refused.reason, refused.cost.micro_usd) == (Reason.BREAKER_OPEN, 0)
        assert len(provider.requests) == 4
        (seen,) = await console.breakers()
        assert (seen.subject, seen.state, seen.reason) == ("small@acme", BreakerState.OPEN, "provider_error")
        provider.says(GOOD)
        await close(console, "small@acme", "operator")
        await until(lambda: states(around) == ["open", "closed"])

        async def answered() -> bool:
            (event,) = await ended(around, 1)
            return isinstance(event, AttemptCompleted)

        while not await answered():
            pass
    with pytest.raises(Refused, match="no breaker of small@acme is open"):
        await close(console, "small@acme", "operator")


async def test_a_path_that_is_well_again_closes_by_its_own_probes(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply(provider=EAGER)
    async with around.working() as one, around.working() as two:
        await ended(around, 8)
        await until(lambda: "open" in states(around))
        provider.says(GOOD)
        while states(around)[-1] != "closed":
            await ended(around, 2)
        assert one.counts["claimed"] + two.counts["claimed"] == len(around.ended)
    assert "half_open" in states(around)


async def test_a_provider_that_asks_for_time_is_left_alone(around: Neighbours, provider: ScriptedProvider) -> None:
    await around.apply()
    provider.says("{}", 429, **{"Retry-After": "600"})
    async with around.working(concurrency=1):
        events = await ended(around, 5)
        await until(lambda: around.breakers)
    assert reasons(events) == {Reason.RATE_LIMITED: 1, Reason.BREAKER_OPEN: 4}
    (first,) = (event for event in events if getattr(event, "reason", None) == Reason.RATE_LIMITED)
    assert isinstance(first, AttemptFailed)
    assert first.retry_after_ms == 600_000
    assert len(provider.requests) == 1
    (opened,) = around.breakers
    assert opened.until is not None
    assert (opened.until - opened.at).total_seconds() >= 600


async def test_a_refused_key_sets_the_provider_aside_until_the_portfolio_is_revised(
    around: Neighbours, provider: ScriptedProvider, console: ConsoleApp
) -> None:
    await around.apply()
    provider.says("{}", 401)
    async with around.working(concurrency=1):
        events = await ended(around, 3)
        assert reasons(events) == {Reason.UNAUTHORIZED: 1, Reason.BREAKER_OPEN: 2}
        provider.says(GOOD)
        await around.apply(number=2)
        await until(lambda: states(around) == ["open", "closed"])
        (answered,) = await ended(around, 1)
        assert isinstance(answered, AttemptCompleted)
