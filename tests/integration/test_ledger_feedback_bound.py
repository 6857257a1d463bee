"""What one tenant's feedback may move of a score is bounded, whatever it says: on a real PostgreSQL."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_database import new_ledger

from infra.local.postgres import EmbeddedPostgres
from schemas.standing import ModelScored
from services.ledger.adapters.scoring import Scoring

KEEP, SHARE = 0.9, 0.25
NEWEST = datetime(2026, 5, 4, 12, tzinfo=UTC)
JUDGEMENT = "INSERT INTO ledger.judgements VALUES ($1, 'small', 'local', 'faq', $2, $3, $4, 10, 20, $5)"
STALE = "INSERT INTO ledger.scores VALUES ('faq', 'small', 'local', true, false, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0)"


@dataclass(frozen=True)
class Judged:
    """A request of a tenant: whether its answer was accepted, and whether feedback called it wrong."""

    tenant: str
    accepted: bool
    called_wrong: bool

    @property
    def overturned(self) -> bool:
        return self.accepted and self.called_wrong

    def row(self, at: int) -> tuple[Any, ...]:
        success = self.accepted and not self.called_wrong
        return UUID(int=at), NEWEST - timedelta(seconds=at), self.accepted, success, self.tenant


class Undone(Exception):
    """Nothing of an example stays."""


@dataclass(frozen=True)
class Ledger:
    """Scores of judgements, the newest first, worked out as the ledger does; each in a transaction that is undone."""

    runner: asyncio.Runner
    connection: "asyncpg.Connection[Any]"

    def score(self, judged: Sequence[Judged]) -> ModelScored:
        return self.runner.run(self._score(judged))

    async def _score(self, judged: Sequence[Judged]) -> ModelScored:
        found: list[ModelScored] = []
        try:
            async with self.connection.transaction():
                await self.connection.execute(STALE)
                rows = [
                    (
                        UUID(int=at),
                        NEWEST - timedelta(seconds=at),
                        one.accepted,
                        one.accepted and not one.called_wrong,
                        one.tenant,
                    )
                    for at, one in enumerate(judged)
                ]
                await self.connection.executemany(JUDGEMENT, rows)
                found += await Scoring(KEEP, SHARE).unsaid(self.connection)
                raise Undone
        except Undone:
            (score,) = found
            return score


@pytest.fixture(scope="module")
def ledger(postgres: EmbeddedPostgres) -> Iterator[Ledger]:
    with asyncio.Runner() as runner:
        connection = runner.run(_connected(postgres))
        yield Ledger(runner, connection)
        runner.run(connection.close())


async def _connected(postgres: EmbeddedPostgres) -> "asyncpg.Connection[Any]":
    return await asyncpg.connect(await new_ledger(postgres))


TENANTS = ("acme", "bolt", "flood")
answers = st.builds(Judged, st.sampled_from(TENANTS), st.booleans(), st.booleans())
judgements = st.lists(answers, min_size=2, max_size=40)
slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def silenced(judged: Sequence[Judged], tenant: str) -> list[Judged]:
    """The same, had this tenant said nothing."""
    return [Judged(one.tenant, one.accepted, one.called_wrong and one.tenant != tenant) for one in judged]


@slow
@given(judged=judgements)
def test_no_tenants_feedback_moves_a_score_by_more_than_its_share(ledger: Ledger, judged: list[Judged]) -> None:
    told, without = ledger.score(judged), ledger.score(silenced(judged, "flood"))
    weight = sum(KEEP**at for at in range(len(judged)))
    moved = without.fresh_successes - told.fresh_successes
    alone = len({one.tenant for one in judged}) == 1
    assert told.fresh_successes + told.fresh_failures == pytest.approx(weight)
    assert -1e-9 <= moved <= (weight if alone else SHARE * weight) + 1e-9


@slow
@given(judged=judgements)
def test_feedback_below_its_share_counts_whole(ledger: Ledger, judged: list[Judged]) -> None:
    told = ledger.score(judged)
    weight = sum(KEEP**at for at in range(len(judged)))
    own = {name: _overturned(judged, name) for name in TENANTS}
    alone = len({one.tenant for one in judged}) == 1
    expected = sum(own.values()) if alone else sum(min(wrong, SHARE * weight) for wrong in own.values())
    assert told.fresh_false_accepts == pytest.approx(expected)


def test_a_flood_of_one_tenant_leaves_a_model_of_all_in_use(ledger: Ledger) -> None:
    flood = [Judged("flood", True, True)] * 30
    others = [Judged("acme", True, False)] * 5
    told = ledger.score([*flood, *others])
    share = told.fresh_successes / (told.fresh_successes + told.fresh_failures)
    assert share == pytest.approx(1 - SHARE)
    assert ledger.score(flood).fresh_successes == 0, "where a tenant is alone, it speaks for itself"


def _overturned(judged: Sequence[Judged], tenant: str) -> float:
    """The weight of what feedback on this tenant's requests calls wrong."""
    return sum(KEEP**at for at, one in enumerate(judged) if one.tenant == tenant and one.overturned)
