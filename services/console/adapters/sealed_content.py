"""Content that is sealed, as a person reads it, and as his answer travels."""

from uuid import UUID

from infra.objects.failures import ContentLost, ObjectsAway
from infra.objects.vault import Vault
from schemas.content import Body, Kin, body_of
from services.console.domain.failures import CannotReach, Refused


class SealedContent:
    """Opens and seals with the keys that whoever runs the console has."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def opened(self, body: Body, request_id: UUID) -> Body:
        """The body in the open; one that is not sealed as it is. Raises :class:`Refused` or :class:`CannotReach`."""
        return body if body.key_id is None else body_of(await self._content(body, request_id))

    async def text(self, body: Body, request_id: UUID) -> str:
        """What a body holds, sealed or not, wherever it is kept. Raises as :meth:`opened` does."""
        return (await self._content(body, request_id)).decode(errors="replace")

    async def _content(self, body: Body, request_id: UUID) -> bytes:
        try:
            return await self._vault.content(body, request_id)
        except ContentLost as lost:
            raise Refused(str(lost)) from None
        except ObjectsAway as away:
            raise CannotReach(str(away)) from None

    async def sealed_like(self, question: Body, answer: Body, request_id: UUID) -> Body:
        """An answer to this question, sealed where the question is. Raises as :meth:`opened` does."""
        if question.key_id is None or answer.key_id is not None:
            return answer
        try:
            return await self._vault.sealed(answer.text().encode(), Kin(request_id, question))
        except ContentLost as lost:
            raise Refused(str(lost)) from None
        except ObjectsAway as away:
            raise CannotReach(str(away)) from None
