"""Writing the rows of a batch: one transaction, tables in order, equal keys in rounds, a culprit found by halving."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.store.table import Merging, Table
from schemas.reaction import DONE, Write

if TYPE_CHECKING:
    import asyncpg

    from infra.store.database import Database

log = logging.getLogger(__name__)


class TableUnknown(LookupError):
    """A handler writes to a table that ``app.py`` did not bind."""


@dataclass(frozen=True, slots=True)
class Poison:
    """The database refuses this delivery's rows, whatever it is batched with."""

    detail: str


Outcomes = list[str] | Poison
"""Of one delivery: the outcome of each of its writes, or why none can be written."""


class Rows:
    """The tables of a service, bound to their names."""

    def __init__(self, database: "Database", tables: Mapping[str, Table]) -> None:
        self._database = database
        self._tables = tables
        # Asking a runtime-checkable protocol costs more than merging a row, so it is asked once.
        self._merging = {name: table for name, table in tables.items() if isinstance(table, Merging)}

    async def write(self, deliveries: Sequence[Sequence[Write]]) -> list[Outcomes]:
        """Write the rows of each delivery; the outcomes in the same order. Waits while the database is away."""
        from infra.store.faults import is_data_error

        if not any(deliveries):
            return [[] for _ in deliveries]
        try:
            return list(await self._database.patiently(lambda connection: self._transaction(connection, deliveries)))
        except Exception as error:
            if not is_data_error(error):
                raise
            if len(deliveries) == 1:
                return [Poison(f"SQLSTATE {getattr(error, 'sqlstate', None)} ({type(error).__name__})")]
        middle = len(deliveries) // 2
        return await self.write(deliveries[:middle]) + await self.write(deliveries[middle:])

    async def _transaction(
        self, connection: "asyncpg.Connection", deliveries: Sequence[Sequence[Write]]
    ) -> list[list[str]]:
        outcomes = [[DONE] * len(writes) for writes in deliveries]
        by_table = self._by_table(deliveries)
        rounds = [(name, slots) for name in self._tables for slots in self._rounds(name, by_table.get(name, []))]
        if len(rounds) == 1:
            await self._round(connection, *rounds[0], outcomes)
            return outcomes
        async with connection.transaction():
            for name, slots in rounds:
                await self._round(connection, name, slots, outcomes)
        return outcomes

    def _by_table(self, deliveries: Sequence[Sequence[Write]]) -> "dict[str, list[_Slot]]":
        found: dict[str, list[_Slot]] = {}
        for row, writes in enumerate(deliveries):
            for column, write in enumerate(writes):
                found.setdefault(write.table, []).append(_Slot(write, ((row, column),)))
        if unknown := found.keys() - self._tables.keys():
            raise TableUnknown(f"no table is bound to {', '.join(sorted(unknown))}: call Bus.writes in app.py")
        return found

    def _rounds(self, name: str, slots: "list[_Slot]") -> "list[list[_Slot]]":
        if merging := self._merging.get(name):
            return [_merged(merging, slots)] if slots else []
        rounds: list[list[_Slot]] = []
        turn: dict[object, int] = {}
        for slot in slots:
            at = turn[slot.write.key] = turn.get(slot.write.key, -1) + 1
            if at == len(rounds):
                rounds.append([])
            rounds[at].append(slot)
        return rounds

    async def _round(
        self, connection: "asyncpg.Connection", name: str, slots: "list[_Slot]", outcomes: list[list[str]]
    ) -> None:
        slots.sort(key=lambda slot: slot.write.key)  # type: ignore[arg-type, return-value]
        told = await self._tables[name].write(connection, [slot.write for slot in slots])
        for slot in slots:
            outcome = told.get(slot.write.key, DONE)
            for row, column in slot.places:
                outcomes[row][column] = outcome


@dataclass(slots=True)
class _Slot:
    """A write, and the deliveries (and their nth writes) that it stands for."""

    write: Write
    places: tuple[tuple[int, int], ...]


def _merged(table: Merging, slots: Sequence[_Slot]) -> list[_Slot]:
    merged: dict[object, _Slot] = {}
    for slot in slots:
        earlier = merged.get(slot.write.key)
        if earlier is not None:
            row = table.merge(earlier.write.row, slot.write.row)
            slot = _Slot(Write(slot.write.table, slot.write.key, row), earlier.places + slot.places)
        merged[slot.write.key] = slot
    return list(merged.values())
