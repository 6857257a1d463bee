"""How long those wait who ask what another asked before: for its answer, and for nothing if it was never said."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.outcome import RequestCompleted
from schemas.recall import Keep
from schemas.request import Request, RequestProfiled
from services.gateway.adapters import flights
from services.gateway.adapters.claims import Road
from services.gateway.adapters.flights import Flight, Flights
from services.gateway.domain.cache import First, Kept, cache_away

KEY = b"\xab" * 32
KEEP = Keep(key=KEY.hex(), for_s=60)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST = uuid4()
Make = Callable[..., RequestCompleted]


@dataclass
class Tables:
    """In the place of both stores: another request is the first, and what is asked and written is noted."""

    is_first_said: bool = True
    is_away: bool = False
    left_s: float = 60
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    ended: list[UUID] = field(default_factory=list[UUID])
    written: list[Kept] = field(default_factory=list[Kept])

    async def first(self, key: bytes, request_id: UUID, for_s: float) -> First:
        return First(FIRST, NOON, self.left_s)

    async def is_said(self, key: bytes, first: UUID) -> bool:
        self.asked.set()
        if self.is_away:
            raise cache_away()
        return self.is_first_said

    async def over(self, key: bytes, first: UUID) -> None:
        self.ended.append(first)

    async def find(self, key: bytes, tenant: str) -> None:
        return None

    async def write(self, kept: Sequence[Kept], given: Sequence[Any]) -> int:
        self.written += kept
        return 0


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is heard of the first within the time in which it is usually profiled."""
    monkeypatch.setattr(flights, "FIRST_SIGN_S", 0)


async def joined(tables: Tables, road: Road) -> Flight:
    @contextmanager
    def follow(request_id: UUID, since: datetime) -> Iterator[Road]:
        yield road

    found = Flights(tables, tables, follow, 1_000)  # type: ignore[arg-type]
    flight = await found.joined(KEY, "shop", uuid4(), 60)
    assert flight is not None
    return flight


def profiled() -> RequestProfiled:
    return RequestProfiled.model_construct(request=Request.model_construct(keep=KEEP), recalled=None)


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("is_away", [False, True])
async def test_a_first_that_was_said_is_waited_for_in_an_overload(make_completed: Make, is_away: bool) -> None:
    tables, road = Tables(is_away=is_away), Road()
    flight = await joined(tables, road)
    asked = asyncio.create_task(tables.asked.wait())
    await asyncio.wait((flight, asked), return_when=asyncio.FIRST_COMPLETED)
    assert not flight.done(), "all who wait would ask a model at once, in an overload"
    road.put_nowait(profiled())
    road.put_nowait(make_completed(FIRST, keep=KEEP))
    await flight
    assert [each.recalled.request_id for each in tables.written] == [FIRST]
    assert tables.ended == [FIRST]


@pytest.mark.usefixtures("silence")
async def test_a_first_that_was_never_said_is_waited_for_no_longer() -> None:
    tables = Tables(is_first_said=False)
    await (await joined(tables, Road()))
    assert (tables.ended, tables.written) == ([FIRST], [])


@pytest.mark.usefixtures("silence")
async def test_a_first_that_was_said_is_waited_for_no_longer_than_its_time() -> None:
    tables = Tables(left_s=0.01)
    await (await joined(tables, Road()))
    assert (tables.ended, tables.written) == ([FIRST], [])
