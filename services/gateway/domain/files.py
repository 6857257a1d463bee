"""OpenAI's files, as far as batches need them: what is kept of one, and how it is told.

Source: OpenAI's API reference, "Files".
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from schemas.content import Json
from services.gateway.domain.problems import INVALID, SERVER, Problem, Refused, wrong

FILES = "/v1/files"
BATCH, BATCH_OUTPUT = "batch", "batch_output"
FILE_ID = re.compile(r"file-([0-9a-f]{32})")
LONGEST_NAME = 255
GONE = 410
MOST_LISTED = 10_000
LONGEST_NUMBER = 9
PURPOSE = "purpose"
ANCHOR, SECONDS = "expires_after[anchor]", "expires_after[seconds]"
LEAST_KEPT_S, MOST_KEPT_S = 3_600, 2_592_000


class StoredFile(NamedTuple):
    """A file of a tenant's; its content lies elsewhere."""

    id: UUID
    tenant: str
    purpose: str
    filename: str
    size: int
    created_at: datetime
    expires_at: datetime


class Page(NamedTuple):
    """Which part of a list is asked for. ``after``: the last that was told before."""

    limit: int
    after: UUID | None
    is_oldest_first: bool = False


def file_id_of(file_id: UUID) -> str:
    """As clients know it."""
    return f"file-{file_id.hex}"


def file_id_in(told: str) -> UUID:
    """The id in an address or a body. Raises ``Refused``, as for a file that is not there."""
    found = FILE_ID.fullmatch(told)
    if found is None:
        raise no_such_file()
    return UUID(found[1])


def file_told(file: StoredFile) -> Json:
    """OpenAI's file object."""
    return {
        "id": file_id_of(file.id),
        "object": "file",
        "bytes": file.size,
        "created_at": int(file.created_at.timestamp()),
        "expires_at": int(file.expires_at.timestamp()),
        "filename": file.filename,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
    }


def listed(told: Sequence[Json], *, has_more: bool) -> Json:
    """OpenAI's list object."""
    first, last = (told[0]["id"], told[-1]["id"]) if told else (None, None)
    return {"object": "list", "data": told, "first_id": first, "last_id": last, "has_more": has_more}


def in_pieces(content: bytes, most: int) -> list[bytes]:
    """Content in pieces of so many bytes at most; none of nothing."""
    return [content[start : start + most] for start in range(0, len(content), most)]


def purpose_in(fields: Mapping[str, str]) -> str:
    """The purpose of a file that is sent. Raises ``Refused`` for any but a batch's."""
    purpose = fields.get(PURPOSE)
    if purpose is None:
        raise wrong(PURPOSE, "purpose: it is missing: send batch", "missing_required_parameter")
    if purpose != BATCH:
        raise wrong("purpose", "purpose: files are taken for batches only: send batch", "invalid_value")
    return purpose


def kept_s_in(fields: Mapping[str, str], most_s: float) -> float:
    """Seconds for which a file is kept: as its client asks, and no longer than all. Raises ``Refused``."""
    asked = fields.get(SECONDS)
    if asked is None and fields.get(ANCHOR) is None:
        return most_s
    if fields.get(ANCHOR) != "created_at" or not (asked or "").isdecimal():
        raise wrong("expires_after", "expires_after: send anchor created_at and whole seconds", "invalid_value")
    return min(kept_between(int(asked or "0"), "expires_after"), most_s)


def kept_between(seconds: int, param: str) -> int:
    """Seconds that OpenAI allows. Raises ``Refused``."""
    if not LEAST_KEPT_S <= seconds <= MOST_KEPT_S:
        raise wrong(param, f"{param}: seconds from {LEAST_KEPT_S} to {MOST_KEPT_S} are wanted", "invalid_value")
    return seconds


def limit_in(query: Mapping[str, str], usual: int, most: int) -> int:
    """How many are to be told at most. Raises ``Refused``."""
    told = query.get("limit", str(usual))
    if not (told.isascii() and told.isdecimal() and len(told) <= LONGEST_NUMBER and 1 <= int(told) <= most):
        raise wrong("limit", f"limit: a number from 1 to {most} is wanted", "invalid_value")
    return int(told)


def page_in(query: Mapping[str, str]) -> Page:
    """Which files are asked for. Raises ``Refused``."""
    if (order := query.get("order", "desc")) not in ("asc", "desc"):
        raise wrong("order", "order: asc or desc is wanted", "invalid_value")
    after = file_id_in(query["after"]) if query.get("after") else None
    return Page(limit_in(query, MOST_LISTED, MOST_LISTED), after, order == "asc")


def checked_after(stands: bool | None) -> None:
    """An empty page is the end of a list only where what it begins after is there. Raises ``Refused``."""
    if not stands:
        raise wrong("after", "after: it is not there any more: begin with the first page again", "invalid_value")


def is_none_of(purpose: str | None) -> bool:
    """Whether a list of this purpose is empty in any case; whatever else it holds, no database is asked."""
    return purpose not in (None, BATCH, BATCH_OUTPUT)


def no_such_file() -> Refused:
    """None of this id, or none of this tenant's, or it has expired: 404."""
    message = "There is no such file of yours: GET /v1/files lists them."
    return Refused(Problem(404, INVALID, "file_not_found", message, "file_id"))


def file_in_use(batch_id: str) -> Refused:
    """A batch is at work on it: 409."""
    message = f"The batch {batch_id} still reads this file: cancel it, or wait for its end."
    return Refused(Problem(409, INVALID, "file_in_use", message, "file_id"))


def file_too_large(limit_bytes: int) -> Refused:
    """More than a batch may have: 413."""
    message = f"The file is over {limit_bytes} bytes: send it in several batches."
    return Refused(Problem(413, INVALID, "request_too_large", message, "file", unread=True))


def too_many_uploads(limit: int) -> Refused:
    """As many files as may come in at once are coming: 503."""
    message = f"{limit} files are being sent here, which is the limit: send it again in a few seconds."
    return Refused(Problem(503, SERVER, "overloaded", message, retry=True, retry_after_s=5, unread=True))


def batches_unavailable() -> Refused:
    """Files and batches are kept in a database only: 400."""
    message = "This gateway has no database to keep files and batches in: set DATABASE_URL there."
    return Refused(Problem(400, INVALID, "batches_unavailable", message))


def batches_away() -> Refused:
    """The database does not answer: 503."""
    message = "Files and batches cannot be looked up: the gateway's database does not answer. Send it again."
    return Refused(Problem(503, SERVER, "batches_away", message, retry=True, retry_after_s=2))


def content_away() -> Refused:
    """The object store does not answer: 503."""
    message = "The file is kept in the object store, which does not answer now: see OBJECTS_URL, then send it again."
    return Refused(Problem(503, SERVER, "content_away", message, retry=True, retry_after_s=5))


def content_gone() -> Refused:
    """The file's content was erased, or is older than the object store keeps anything: 410."""
    message = "The content of this file was erased, or is older than OBJECTS_KEEP_DAYS: nobody can read it any more."
    return Refused(Problem(GONE, INVALID, "content_erased", message, "file_id"))
