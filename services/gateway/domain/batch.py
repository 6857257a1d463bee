"""OpenAI's batches: what a body asks for, how one stands, and how it is told.

Source: OpenAI's API reference, "Batch".
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple
from uuid import UUID, uuid5

from pydantic import Field

from schemas.content import Json
from services.gateway.domain.dialect import OPENAI, RESPONSES, VECTORS, Dialect
from services.gateway.domain.files import Page, file_id_of, kept_between, limit_in
from services.gateway.domain.json_body import Closed, read_as
from services.gateway.domain.problems import INVALID, SERVER, Problem, Refused, wrong
from services.gateway.domain.repeats import used_for_another

BATCHES = "/v1/batches"
BATCH_ID = re.compile(r"batch_([0-9a-f]{32})")
KEYED = UUID("5e9f3c1a-7a64-4c0e-9d0b-2f6b8a1d4c37")
WINDOW = "24h"
WINDOW_S = 86_400
MOST_LISTED, USUALLY_LISTED = 100, 20
MOST_ERRORS = 100
"""Lines that are told wrong; the first ones."""
DIALECTS: Mapping[str, Dialect] = {each.path: each for each in (OPENAI, RESPONSES, VECTORS)}


class BatchStatus(StrEnum):
    """OpenAI's words."""

    VALIDATING = "validating"
    FAILED = "failed"
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


LIVE = (BatchStatus.VALIDATING, BatchStatus.IN_PROGRESS, BatchStatus.FINALIZING, BatchStatus.CANCELLING)
"""Somebody is to work on it."""


class LineError(NamedTuple):
    """What is wrong with a line of the input, counted from 1; of no line where the file is at fault."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


class Tally(NamedTuple):
    """Lines that ended, and the tokens of those that were answered."""

    completed: int = 0
    failed: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(*(mine + its for mine, its in zip(self, other, strict=True)))


class Times(NamedTuple):
    """When a batch came to each of its states; ``None`` where it has not."""

    in_progress_at: datetime | None = None
    finalizing_at: datetime | None = None
    completed_at: datetime | None = None
    failed_at: datetime | None = None
    expired_at: datetime | None = None
    cancelling_at: datetime | None = None
    cancelled_at: datetime | None = None


class Batch(NamedTuple):
    """A batch as it stands. ``key_id``: of the API key that its lines go under; ``None`` where none is needed."""

    id: UUID
    tenant: str
    key_id: str | None
    status: BatchStatus
    endpoint: str
    input_file_id: UUID
    metadata: Json
    created_at: datetime
    expires_at: datetime
    output_kept_s: int | None
    total: int
    tally: Tally
    times: Times
    errors: Sequence[LineError]
    output_file_id: UUID | None
    error_file_id: UUID | None


class ExpiresAfter(Closed):
    """How long the output is kept."""

    anchor: Literal["created_at"]
    seconds: int


class NewBatch(Closed):
    """The body of ``POST /v1/batches``."""

    input_file_id: str
    endpoint: str
    completion_window: str
    metadata: dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]] | None = Field(
        default=None, max_length=16
    )
    output_expires_after: ExpiresAfter | None = None


def new_batch_of(body: bytes) -> NewBatch:
    """What a body asks for. Raises ``Refused`` that names what is wrong."""
    asked = read_as(NewBatch, body)
    if asked.endpoint not in DIALECTS:
        raise wrong("endpoint", f"endpoint: batches are served of {', '.join(DIALECTS)}", "invalid_value")
    if asked.completion_window != WINDOW:
        raise wrong("completion_window", f"completion_window: {WINDOW} is the only one", "invalid_value")
    if asked.output_expires_after is not None:
        kept_between(asked.output_expires_after.seconds, "output_expires_after.seconds")
    return asked


def keyed_id(tenant: str, key: str) -> UUID:
    """The id of the batch that a tenant begins under an Idempotency-Key: the same one however often it is sent."""
    return uuid5(KEYED, f"{tenant}\n{key}")


def checked_repeat(batch: Batch, asked: NewBatch, input_file_id: UUID) -> Batch:
    """The batch that stands, where it is the one that is asked for. Raises ``Refused`` for a key of another one."""
    kept_s = asked.output_expires_after.seconds if asked.output_expires_after else None
    wanted = asked.endpoint, input_file_id, asked.metadata or {}, kept_s
    if (batch.endpoint, batch.input_file_id, batch.metadata, batch.output_kept_s) != wanted:
        raise used_for_another()
    return batch


def output_files(batch_id: UUID) -> tuple[UUID, UUID]:
    """The output file, and the error file."""
    return uuid5(batch_id, "output"), uuid5(batch_id, "errors")


def batch_id_of(batch_id: UUID) -> str:
    """As clients know it."""
    return f"batch_{batch_id.hex}"


def batch_id_in(told: str) -> UUID:
    """The id in an address. Raises ``Refused``, as for a batch that is not there."""
    found = BATCH_ID.fullmatch(told)
    if found is None:
        raise no_such_batch()
    return UUID(found[1])


def batch_page_in(query: Mapping[str, str]) -> Page:
    """Which batches are asked for. Raises ``Refused``."""
    after = batch_id_in(query["after"]) if query.get("after") else None
    return Page(limit_in(query, USUALLY_LISTED, MOST_LISTED), after)


def batch_told(batch: Batch) -> Json:
    """OpenAI's batch object."""
    return {
        "id": batch_id_of(batch.id),
        "object": "batch",
        "model": None,  # its lines may ask for several
        "endpoint": batch.endpoint,
        "errors": _errors_told(batch.errors),
        "input_file_id": file_id_of(batch.input_file_id),
        "completion_window": WINDOW,
        "status": str(batch.status),
        "output_file_id": file_id_of(batch.output_file_id) if batch.output_file_id else None,
        "error_file_id": file_id_of(batch.error_file_id) if batch.error_file_id else None,
        "created_at": _seconds(batch.created_at),
        "expires_at": _seconds(batch.expires_at),
        **{name: _seconds(at) for name, at in batch.times._asdict().items()},
        "request_counts": {"total": batch.total, "completed": batch.tally.completed, "failed": batch.tally.failed},
        "usage": _usage_told(batch.tally),
        "metadata": batch.metadata or None,
    }


def _errors_told(errors: Sequence[LineError]) -> Json | None:
    return {"object": "list", "data": [each._asdict() for each in errors]} if errors else None


def _usage_told(tally: Tally) -> Json:
    return {
        "input_tokens": tally.input_tokens,
        "input_tokens_details": {"cached_tokens": tally.cached_tokens},
        "output_tokens": tally.output_tokens,
        "output_tokens_details": {"reasoning_tokens": tally.reasoning_tokens},
        "total_tokens": tally.input_tokens + tally.output_tokens,
    }


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def begun_perhaps() -> Refused:
    """The database did not answer in time, and may have the batch all the same: 503, not to be sent again unseen."""
    message = "It is not known whether the batch began: see GET /v1/batches first, or send an Idempotency-Key with it."
    return Refused(Problem(503, SERVER, "batch_unknown", message))


def no_such_batch() -> Refused:
    """None of this id, or none of this tenant's, or it is forgotten: 404."""
    message = "There is no such batch of yours: GET /v1/batches lists them."
    return Refused(Problem(404, INVALID, "batch_not_found", message, "batch_id"))


def ended_already(batch: Batch) -> Refused:
    """A batch that has ended, or is about to, cannot be cancelled: 409."""
    message = f"The batch is {batch.status}: there is nothing left to cancel."
    return Refused(Problem(409, INVALID, "batch_ended", message, "batch_id"))
