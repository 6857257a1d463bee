"""What is written of a batch's lines while it goes on: sealed once anything is, and in few parts where little comes."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from schemas.content import Body
from services.gateway.adapters import batch_output
from services.gateway.adapters.batch_leases import Leased
from services.gateway.adapters.batch_line_run import Asking
from services.gateway.adapters.batch_lines import Flush
from services.gateway.adapters.batch_output import FLUSH_LINES, FLUSH_S, LONGEST_FLUSH_S, BatchOutput
from services.gateway.adapters.file_store import Part
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.domain.batch import Batch, BatchStatus, Tally, Times
from services.gateway.domain.batch_line import Outcome

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def leased() -> Leased:
    batch = Batch(
        id=uuid4(),
        tenant="one",
        key_id=None,
        status=BatchStatus.IN_PROGRESS,
        endpoint="/v1/chat/completions",
        input_file_id=uuid4(),
        metadata={},
        created_at=NOON,
        expires_at=NOON,
        output_kept_s=None,
        total=3,
        tally=Tally(),
        times=Times(in_progress_at=NOON),
        errors=(),
        output_file_id=None,
        error_file_id=None,
    )
    return Leased(batch, 1)


class Files:
    """Says by which portfolio each part was put."""

    def __init__(self) -> None:
        self.put_by: list[Any] = []

    async def put(self, file_id: UUID, tenant: str, text: bytes, portfolio: Any) -> Part:
        self.put_by.append(portfolio)
        return Part(Body(ref="2026-03-01/" + "0" * 32, sha256="", bytes=len(text)), len(text))


class Store:
    """Takes what is flushed."""

    def __init__(self) -> None:
        self.flushed: list[Sequence[int]] = []

    async def flush(self, leased: Leased, flush: Flush) -> None:
        self.flushed.append(flush.numbers)


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def in_force() -> SimpleNamespace:
    return SimpleNamespace(portfolio="first")


@pytest.fixture
def output(files: Files, store: Store, in_force: SimpleNamespace) -> BatchOutput:
    asking = SimpleNamespace(store=SimpleNamespace(lines=store), revised=lambda: in_force)
    return BatchOutput(cast("Asking", asking), cast("KeptFiles", files), leased())


def told(number: int) -> Outcome:
    return Outcome(number, b"{}\n", Tally(1))


async def test_what_is_written_is_sealed_by_the_portfolio_of_then(
    output: BatchOutput, files: Files, in_force: SimpleNamespace
) -> None:
    for number, in_force.portfolio in enumerate(("open", "sealing"), 1):
        output.add(told(number))
        await output.flush()
    assert files.put_by == ["open", "sealing"]


async def test_where_little_comes_it_is_written_less_and_less_often(
    output: BatchOutput, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = list[float]()

    def waited(pause_s: float) -> None:
        if len(pauses) == 12:
            raise asyncio.CancelledError
        pauses.append(pause_s)
        for number in range(FLUSH_LINES if len(pauses) == 10 else 1):
            output.add(told(number))
        raise TimeoutError

    monkeypatch.setattr(batch_output.asyncio, "timeout", waited)
    with pytest.raises(asyncio.CancelledError):
        await output.run()
    assert len(store.flushed) == 12
    assert pauses[0] == pauses[10] == FLUSH_S, "as at first, once much has come"
    assert pauses[:9] == sorted(pauses[:9])
    assert pauses[9] == LONGEST_FLUSH_S
