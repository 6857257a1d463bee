"""The prompt and the answers of a request, as they stand in the log: for its page, and for ``show --content``."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from schemas.fact import Event
from services.console.app import ConsoleApp
from services.console.domain.contents import Piece, Wanted, body_in, wanted_of
from services.console.domain.failures import Refused

ELSEWHERE = "it went to the topic that the client named, and is the answer of the attempt that was accepted"


async def pieces_of(app: ConsoleApp, story: Mapping[str, Any]) -> list[Piece]:
    """All that can be found of a story. Raises :class:`CannotReach`, and :class:`Refused`."""
    wanted, request_id = wanted_of(story), UUID(story["request"]["request_id"])
    found = await app.find_content(request_id, wanted)
    return [await _piece(app, request_id, each, event) for each, event in zip(wanted, found, strict=True)]


async def _piece(app: ConsoleApp, request_id: UUID, wanted: Wanted, event: Event | None) -> Piece:
    title, attempt = wanted.title, wanted.attempt
    if event is None:
        return Piece(title, attempt, gone=wanted.gone)
    if (body := body_in(event)) is None:
        return Piece(title, attempt, gone=ELSEWHERE)
    try:
        return Piece(title, attempt, await app.sealed.text(body, request_id))
    except Refused as lost:
        return Piece(title, attempt, gone=str(lost))
