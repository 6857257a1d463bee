"""A record that comes again after the portfolio was revised says what was said of it first, on real PostgreSQL."""

from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from infra.bus.portfolio_view import PortfolioView
from infra.bus.rows import Rows
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.migrate import migrate
from schemas.example_request import DOCUMENT
from schemas.ids import mirror_id_of
from schemas.portfolio import Portfolio
from schemas.reaction import Reaction, Received, Said
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.vocabulary import Reason
from services.profiler.adapters.admission_store import AdmissionStore
from services.profiler.adapters.budget_store import Settlements
from services.profiler.handlers import Handlers

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


def revised(number: int, **changes: Any) -> PortfolioRevised:
    document: Any = deepcopy(DOCUMENT)
    document["lanes"] |= changes.pop("lanes", {})
    document["lanes"] = {name: lane for name, lane in document["lanes"].items() if lane is not None}
    portfolio = Portfolio.of({**document, **changes})
    return PortfolioRevised(
        revision=f"r{number}", number=number, portfolio=portfolio, revised_at=NOON, author="x", current=True
    )


class Profiler:
    """A profiler in front of one database, and what it says of a record."""

    def __init__(self, database: Database, *revisions: PortfolioRevised) -> None:
        self.rows = Rows(database, {"admissions": AdmissionStore(), "settlements": Settlements()})
        self._view = PortfolioView()
        for revision in revisions:
            self._view.apply(revision)
        self._handlers = Handlers(self._view, "request.submitted", frozenset(), 60, 900_000)

    async def hears(self, asked: RequestSubmitted, offset: int = 0) -> list[RequestProfiled]:
        at = Received("request.submitted.shop", 0, offset, NOON, value=asked.to_json())
        return await self._says(self._handlers.on_request_submitted(asked, at))

    async def hears_no_request(self, value: bytes) -> list[RequestProfiled]:
        class Why:
            reason, detail = "wrong_shape", "messages: too short"

        at = Received("request.submitted.shop", 0, 0, NOON, value=value)
        return await self._says(self._handlers.on_unreadable(Why(), at))

    async def _says(self, reaction: Reaction) -> list[RequestProfiled]:
        ((*outcomes,),) = await self.rows.write([reaction.writes])  # type: ignore[misc]
        says = [
            each for write, told in zip(reaction.writes, outcomes, strict=True) for each in write.then.get(told, ())
        ]
        return [each.event for each in says if isinstance(each, Said) and isinstance(each.event, RequestProfiled)]


@pytest.fixture
async def database(store_config: StoreConfig) -> AsyncIterator[Database]:
    await migrate(store_config.dsn, "profiler")
    database = Database(store_config, "test")
    await database.open()
    yield database
    await database.close()


FAST = {"tasks": [], "tiers": [["small"]], "budget_usd": "0.01"}
R1 = revised(1, lanes={"fast": FAST})
R2 = revised(2)


def asked(lane: str = "fast", request_id: UUID | None = None, **fields: Any) -> RequestSubmitted:
    message = {"role": "user", "content": "When do you open?"}
    return RequestSubmitted(messages=(message,), request_id=request_id or uuid4(), lane=lane, **fields)


@pytest.mark.parametrize(
    ("first", "then", "reason"), [(R1, R2, None), (R2, revised(3, lanes={"fast": FAST}), "unknown_lane")]
)
async def test_it_is_admitted_or_refused_as_it_was_before(
    database: Database, first: PortfolioRevised, then: PortfolioRevised, reason: Reason | None
) -> None:
    request = asked()
    told = await Profiler(database, first).hears(request)
    again = await Profiler(database, first, then).hears(request)
    assert again == told
    assert [each.request.revision for each in told] == [first.revision]
    assert [each.refusal and each.refusal.reason for each in told] == [reason]


async def test_what_a_budget_had_no_room_for_is_refused_again_where_there_is_no_budget_any_more(
    database: Database,
) -> None:
    request = asked("simple")
    spent = revised(1, tenants={"shop": {"budget_usd_per_day": "0.001"}})
    told = await Profiler(database, spent).hears(request)
    assert [each.refusal and each.refusal.reason for each in told] == [Reason.QUOTA_SPENT]
    assert await Profiler(database, spent, R2).hears(request) == told


async def test_what_was_no_request_fails_again_as_it_did(database: Database) -> None:
    value = b'{"messages": []}'
    told = await Profiler(database, R1).hears_no_request(value)
    assert [each.request.revision for each in told] == ["r1"]
    assert await Profiler(database, R1, R2).hears_no_request(value) == told


async def test_its_mirror_comes_again_as_it_was(database: Database) -> None:
    request = asked("simple")
    mirroring = {"simple": {**DOCUMENT["lanes"]["simple"], "mirror": {"lane": "fast", "share": 1}}, "fast": FAST}
    first = revised(1, lanes=mirroring)
    told = await Profiler(database, first).hears(request)
    assert [each.request.request_id for each in told] == [request.request_id, mirror_id_of(told[0].request.request_id)]
    slower = revised(2, lanes={**mirroring, "fast": {**FAST, "deadline_s": 5}})
    assert await Profiler(database, first, slower).hears(request) == told


async def test_one_that_an_older_release_let_in_is_decided_as_today(database: Database) -> None:
    request = asked()
    await Profiler(database, R1).hears(request)
    await database.pool.execute("UPDATE profiler.admissions SET revision = NULL")
    (again,) = await Profiler(database, R1, R2).hears(request)
    assert (again.request.revision, again.refusal and again.refusal.reason) == ("r2", Reason.UNKNOWN_LANE)


async def test_one_whose_revision_is_not_at_hand_is_decided_as_today(database: Database) -> None:
    request = asked("simple")
    await Profiler(database, R2).hears(request)
    assert [each.request.revision for each in await Profiler(database, R1).hears(request)] == ["r1"]


async def test_the_same_request_at_another_place_stays_a_duplicate(database: Database) -> None:
    request = asked()
    await Profiler(database, R1).hears(request)
    assert await Profiler(database, R1, R2).hears(request, offset=7) == []
