"""Batches driven over a store in memory, before a pipeline that a test writes in a few lines."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from opentelemetry.sdk.trace import TracerProvider

from schemas.content import Body
from schemas.outcome import RequestCancelled, RequestCompleted, RequestFailed
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.adapters.batch_leases import Leased, LeaseLost, Renewed
from services.gateway.adapters.batch_line_run import Asking
from services.gateway.adapters.batch_lines import AskedLine, Flush, Known, LineErased
from services.gateway.adapters.batch_run import BatchRun
from services.gateway.adapters.batches import Batches
from services.gateway.adapters.file_store import NewFile, Part
from services.gateway.adapters.gate import Gate
from services.gateway.adapters.large_requests import LargeRequests
from services.gateway.adapters.load import Load
from services.gateway.adapters.waiting import Waiting
from services.gateway.config import GatewayConfig
from services.gateway.domain.batch import LIVE, Batch, BatchStatus, LineError, Tally, Times
from services.gateway.domain.problems import Refused
from services.gateway.domain.turns import Standing

CHATS = "/v1/chat/completions"
End = RequestCompleted | RequestFailed
Pipeline = Callable[[RequestSubmitted], End | None]
DAY = timedelta(days=1)


def line(custom_id: str, text: str = "Where?") -> bytes:
    """One line of a batch of chats, as it stands in a file."""
    body = {"model": "auto", "messages": [{"role": "user", "content": text}]}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": CHATS, "body": body}).encode() + b"\n"


@dataclass
class StoreInMemory:
    """As batches stand in PostgreSQL, without leases that run out by themselves."""

    batches: dict[UUID, Batch] = field(default_factory=dict[UUID, Batch])
    asked: dict[int, AskedLine] = field(default_factory=dict[int, AskedLine])
    ended: set[int] = field(default_factory=set[int])
    erased_lines: set[int] = field(default_factory=set[int])
    parts: Counter[UUID] = field(default_factory=Counter[UUID])
    fences: Counter[UUID] = field(default_factory=Counter[UUID])
    driven: set[UUID] = field(default_factory=set[UUID])
    last_at: dict[str, datetime] = field(default_factory=dict[str, datetime])

    @property
    def leases(self) -> "StoreInMemory":
        """One class is enough here for what PostgreSQL is asked by three."""
        return self

    @property
    def lines(self) -> "StoreInMemory":
        return self

    def add(self, file_id: UUID, tenant: str = "one", **told: Any) -> UUID:
        """A new batch, as it is told."""
        now = datetime.now(UTC)
        told = {"status": BatchStatus.VALIDATING, "expires_at": now + DAY, "total": 0, "times": Times()} | told
        facts = {"endpoint": CHATS, "metadata": {}, "created_at": now, "output_kept_s": None, "tally": Tally()}
        rest = {"key_id": None, "errors": [], "output_file_id": None, "error_file_id": None}
        batch = Batch(id=uuid4(), tenant=tenant, input_file_id=file_id, **(facts | rest | told))
        self.batches[batch.id] = batch
        return batch.id

    def change(self, batch_id: UUID, **told: Any) -> None:
        """It stands otherwise."""
        self.batches[batch_id] = self.batches[batch_id]._replace(**told)

    async def standing(self) -> dict[str, Standing]:
        within = [each for each in self.batches.values() if each.status in LIVE and each.expires_at > datetime.now(UTC)]
        driven = Counter(each.tenant for each in within if each.id in self.driven)
        count = Counter(each.tenant for each in within)
        return {name: Standing(driven[name], count[name] - driven[name], self.last_at.get(name)) for name in count}

    async def lease(self, most: int, tenant: str | None = None, *, is_over: bool = False) -> list[Leased]:
        free = [each for each in self.batches.values() if each.status in LIVE and each.id not in self.driven]
        now = datetime.now(UTC)
        found = [e for e in free if tenant in (None, e.tenant) and (e.expires_at <= now) == is_over][:most]
        self.driven.update(each.id for each in found)
        self.fences.update(each.id for each in found)
        return [Leased(each, self.fences[each.id]) for each in found]

    async def renew(self, leased: Leased) -> Renewed:
        self._hold(leased)
        batch = self.batches[leased.batch.id]
        return Renewed(batch.status, batch.expires_at <= datetime.now(UTC))

    async def release(self, leased: Leased) -> None:
        self.driven.discard(leased.batch.id)
        self.last_at[leased.batch.tenant] = datetime.now(UTC)

    async def begin(self, leased: Leased, total: int) -> None:
        self._hold(leased)
        self.change(leased.batch.id, total=total, status=BatchStatus.IN_PROGRESS)

    async def finalize(self, leased: Leased) -> None:
        self._hold(leased)
        self.change(leased.batch.id, status=BatchStatus.FINALIZING)

    async def known(self, leased: Leased) -> Known:
        asked = {number: each for number, each in self.asked.items() if number not in self.ended}
        return Known(frozenset(self.ended), asked)

    async def ask(self, leased: Leased, number: int, tries: int, request_id: UUID) -> AskedLine:
        self._hold(leased)
        if number in self.erased_lines:
            raise LineErased
        stands = self.asked.get(number)
        if stands is None or stands.tries < tries:
            self.asked[number] = AskedLine(number, tries, request_id, datetime.now(UTC))
        return self.asked[number]

    async def erased(self, leased: Leased) -> frozenset[int]:
        return frozenset(self.erased_lines)

    async def flush(self, leased: Leased, flush: Flush) -> None:
        self._hold(leased)
        self.ended.update(flush.numbers)
        self.change(leased.batch.id, tally=self.batches[leased.batch.id].tally.plus(flush.tally))
        self.parts.update(file_id for file_id, _ in flush.parts)

    async def end(
        self, leased: Leased, status: BatchStatus, files: Sequence[NewFile], errors: Sequence[LineError] = ()
    ) -> None:
        self._hold(leased)
        output, error = (file.id if self.parts[file.id] else None for file in files)
        self.change(leased.batch.id, status=status, errors=errors, output_file_id=output, error_file_id=error)

    def _hold(self, leased: Leased) -> None:
        if self.fences[leased.batch.id] != leased.fence:
            raise LeaseLost


async def _kept(content: bytes) -> Body:
    return Body(ref="2026-03-01/" + "0" * 32, sha256="", bytes=len(content))


@dataclass
class FilesInMemory:
    """Input files by id; what is written is kept in order. ``unread``: why a file's later parts cannot be had."""

    contents: dict[UUID, list[bytes]] = field(default_factory=dict[UUID, list[bytes]])
    written: list[bytes] = field(default_factory=list[bytes])
    unread: Refused | None = None
    taking: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.taking.set()

    def add(self, *parts: bytes) -> UUID:
        """A file of these parts."""
        file_id = uuid4()
        self.contents[file_id] = list(parts)
        return file_id

    async def content(self, file_id: UUID, since: int = 0) -> AsyncIterator[bytes]:
        for number, part in enumerate(self.contents[file_id]):
            if number and self.unread:
                raise self.unread
            if number >= since:
                yield part

    async def put(self, file_id: UUID, tenant: str, text: bytes, portfolio: Any) -> Part:
        await self.taking.wait()
        self.written.append(text)
        return Part(await _kept(text), len(text))

    @property
    def told(self) -> dict[str, Any]:
        """What was written of each line, by custom_id."""
        lines = [json.loads(each) for text in self.written for each in text.splitlines()]
        assert len({each["custom_id"] for each in lines}) == len(lines), "a line has more than one outcome"
        return {each["custom_id"]: each for each in lines}


@dataclass
class Trial:
    """Batches before a pipeline. ``log``: the ends that stand in it already."""

    revised: PortfolioRevised
    pipeline: Pipeline
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    store: StoreInMemory = field(default_factory=StoreInMemory)
    files: FilesInMemory = field(default_factory=FilesInMemory)
    gate: Gate = field(default_factory=Gate)
    load: Load = field(default_factory=Load)
    log: dict[UUID, End] = field(default_factory=dict[UUID, End])
    said: list[RequestSubmitted] = field(default_factory=list[RequestSubmitted])
    cancelled: list[UUID] = field(default_factory=list[UUID])
    waiting: Waiting = field(default_factory=lambda: Waiting(8_192))

    def asking(self) -> Asking:
        """What its lines are asked with."""
        config: Any = GatewayConfig(**self.settings)
        vault: Any = SimpleNamespace(can_seal=False, put=_kept)
        seams: Any = {
            "store": self.store,
            "claims": SimpleNamespace(past=self._past),
            "submissions": SimpleNamespace(publish=self._publish),
            "looked_up": self._looked_up,
            "large": LargeRequests(vault, 4, config.max_inline_bytes),
        }
        return Asking(
            config=config,
            gate=self.gate,
            waiting=self.waiting,
            load=self.load,
            mint=lambda draw: draw(),
            revised=lambda: self.revised,
            tracer=TracerProvider().get_tracer("trial"),
            **seams,
        )

    def batches(self) -> Batches:
        """As a replica drives them."""
        store: Any = self.store
        files: Any = self.files
        return Batches(store, files)

    async def run(self) -> "asyncio.Task[None]":
        """Drive the next batch."""
        [leased] = await self.store.leases.lease(1) or await self.store.leases.lease(1, is_over=True)
        files: Any = self.files
        return asyncio.create_task(BatchRun(self.asking(), files, leased, lambda outcome: None).drive())

    async def _publish(self, event: RequestSubmitted | RequestCancelled, traceparent: str, within_s: float) -> None:
        if isinstance(event, RequestCancelled):
            self.cancelled.append(event.request_id)
            return
        self.said.append(event)
        end = self.pipeline(event)
        if end is not None:
            asyncio.get_running_loop().call_soon(self.waiting.resolve, end)

    async def _looked_up(self, asked: RequestSubmitted, *_: Any) -> RequestSubmitted:
        return asked

    @contextmanager
    def _past(self, request_id: UUID, since: datetime) -> Iterator[Any]:
        made = asyncio.get_running_loop().create_future
        search = SimpleNamespace(found=made(), caught_up=made(), news=made(), passed=None)
        if request_id in self.log:
            search.found.set_result(self.log[request_id])
        else:
            search.caught_up.set_result(None)
        yield search
