"""Content that is sealed, as a person reads it, and as his answer travels."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from infra.objects.failures import ContentLost, ObjectsAway
from infra.objects.vault import Vault
from schemas.content import Body, Kin, body_of
from services.console.domain.failures import CannotReach, Refused

SEALED = frozenset({"key_id", "sha256", "bytes"})
"""What a sealed body has, and nothing else in an event."""


class SealedContent:
    """Opens and seals with the keys that whoever runs the console has."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def opened(self, body: Body, request_id: UUID) -> Body:
        """The body in the open and in its place; one that is both as it is. Raises :class:`Refused` or
        :class:`CannotReach`.
        """
        return body if body.is_plain else body_of(await self._content(body, request_id))

    async def text(self, body: Body, request_id: UUID) -> str:
        """What a body holds, sealed or not, wherever it is kept. Raises as :meth:`opened` does."""
        return (await self._content(body, request_id)).decode(errors="replace")

    async def _content(self, body: Body, request_id: UUID) -> bytes:
        with _told_to_people():
            return await self._vault.content(body, request_id)

    async def shown(self, body: Body, request_id: UUID) -> Body:
        """The body in the open, or in its place why it cannot be read. Raises :class:`CannotReach`."""
        try:
            return await self.opened(body, request_id)
        except Refused as refused:
            return body_of(str(refused).encode())

    async def whole(self, event: Any, request_id: UUID | None = None) -> Any:
        """An event's JSON with its sealed bodies in the open. Raises as :meth:`opened` does."""
        if isinstance(event, list):
            return [await self.whole(each, request_id) for each in event]
        if not isinstance(event, dict):
            return event
        request_id = _request_of(event) or request_id
        if event.keys() >= SEALED and request_id is not None:
            return (await self.opened(Body.of(event), request_id)).model_dump(exclude_none=True)
        return {name: await self.whole(value, request_id) for name, value in event.items()}

    async def sealed_like(self, question: Body, answer: Body, request_id: UUID) -> Body:
        """An answer to this question, sealed where the question is. Raises as :meth:`opened` does."""
        if not question.is_sealed or answer.is_sealed:
            return answer
        with _told_to_people():
            return await self._vault.sealed(answer.text().encode(), Kin(request_id, question))


@contextmanager
def _told_to_people() -> Iterator[None]:
    try:
        yield
    except ContentLost as lost:
        raise Refused(str(lost)) from None
    except ObjectsAway as away:
        raise CannotReach(str(away)) from None


def _request_of(event: dict[str, Any]) -> UUID | None:
    """The request that an event is about, where this part of it says so."""
    about = event.get("request")
    told = event.get("request_id") or (about.get("request_id") if isinstance(about, dict) else None)
    try:
        return UUID(told) if isinstance(told, str) else None
    except ValueError:
        return None
