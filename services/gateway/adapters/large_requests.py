"""Content that does not travel as it is: larger than a message of Kafka, and so in the object store; or sealed."""

import asyncio
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from pydantic_core import from_json

from infra.objects.failures import ContentElsewhere, ContentErased, ContentLost, KeyMissing, KeyWrong, ObjectsAway
from infra.objects.vault import Vault
from schemas.asking import DEFAULT_TENANT
from schemas.content import Owner
from schemas.outcome import RequestCompleted
from schemas.portfolio import Portfolio
from schemas.request import RequestSubmitted
from services.gateway.adapters.waiting import End
from services.gateway.domain.chat_request import Content, by_reference, content_of
from services.gateway.domain.problems import (
    answer_away,
    answer_erased,
    answer_lost,
    no_key,
    not_kept,
    too_many_large,
)

BASE64_GROWS = 4 / 3


class LargeRequests:
    """At most ``at_once`` large bodies are in memory: a request that waits for its answer has left its place.

    ``most_inline``: bytes of content that travel within the message.
    """

    def __init__(self, vault: Vault, at_once: int, most_inline: int) -> None:
        self._vault = vault
        self._at_once = at_once
        self._most_inline = most_inline
        self._taken = 0

    def place(self, spare: int = 0) -> "Place":
        """A place for one request, taken only if it turns out to be large; it leaves so many places to others."""
        return Place(self, min(spare, self._at_once - 1))

    def take(self, spare: int = 0) -> None:
        """Raises ``Refused`` when all places but the spare ones are taken."""
        if self._taken + spare >= self._at_once:
            raise too_many_large(self._at_once)
        self._taken += 1

    def leave(self) -> None:
        """A place is free again."""
        self._taken -= 1

    async def kept(
        self, asked: RequestSubmitted, portfolio: Portfolio, *, is_large: bool, question: bytes | None = None
    ) -> RequestSubmitted:
        """The request as it travels: of a sealed class sealed, a large one by reference, any other as it is.

        ``question``: its content, where it came apart.

        Raises ``Refused`` when the store takes nothing now, or there is no key.
        """
        data_class = asked.data_class or portfolio.defaults.data_class
        is_sealed = portfolio.seals(data_class, has_keys=self._vault.can_seal)
        if not is_sealed and not is_large:
            return asked
        try:
            if question is None:
                question = await asyncio.to_thread(content_of, asked) if is_large else content_of(asked)
            if is_sealed:
                return await self._sealed(asked, question, is_large)
            return by_reference(asked, await self._vault.put(question))
        except ObjectsAway:
            raise not_kept() from None
        except KeyMissing as error:
            raise no_key(str(error)) from None

    async def _sealed(self, asked: RequestSubmitted, content: bytes, is_large: bool) -> RequestSubmitted:
        """Without what a cache was asked: that tells who guesses the question whether it is the one."""
        owner = Owner(asked.subject, asked.tenant or DEFAULT_TENANT, datetime.now(UTC).date())
        is_beyond = is_large or len(content) * BASE64_GROWS > self._most_inline
        body = await self._vault.sealed(content, owner, by_reference=is_beyond)
        return by_reference(asked, body).model_copy(update={"recall": None})

    async def whole(self, end: End) -> End:
        """The end with its answer in it, wherever that is kept. Raises ``Refused`` when it cannot be had."""
        if not isinstance(end, RequestCompleted) or end.body is None:
            return end
        try:
            content = await self._vault.content(end.body, end.request_id)
        except ContentErased:
            raise answer_erased() from None
        except (KeyMissing, KeyWrong) as error:
            raise no_key(str(error)) from None
        except (ObjectsAway, ContentElsewhere):
            raise answer_away() from None
        except ContentLost:
            raise answer_lost() from None
        return end.model_copy(update={"answer": from_json(content), "body": None})


class Place:
    """One request's place among the large ones; left at the end of its block at the latest.

    ``content``: what came apart from the rest of it.
    """

    def __init__(self, among: LargeRequests, spare: int) -> None:
        self.content: Content | None = None
        self._among = among
        self._spare = spare
        self._is_taken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.leave()

    def take(self) -> None:
        """The request is large. Raises ``Refused`` when no place is left."""
        if not self._is_taken:
            self._among.take(self._spare)
            self._is_taken = True

    @property
    def is_taken(self) -> bool:
        """Whether the request turned out to be large."""
        return self._is_taken

    def leave(self) -> None:
        """What was large is not held any more."""
        self.content = None
        if self._is_taken:
            self._is_taken = False
            self._among.leave()

    async def referred(self, asked: RequestSubmitted, portfolio: Portfolio) -> RequestSubmitted:
        """The request as Kafka can carry it, and may. Raises ``Refused``."""
        question = self.content.question if self.content else None
        return await self._among.kept(asked, portfolio, is_large=self._is_taken, question=question)
