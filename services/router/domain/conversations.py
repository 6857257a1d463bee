"""What the lots of a request are drawn for among equals: its conversation, or else the request itself.

Providers keep the beginning of a prompt where it was read. What asks more often than a conversation does is known at
every equal soon, and is spread, as OpenAI spreads what asks its cache too often ("Prompt caching", in its guides).
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from schemas.request import Conversation, Request
from services.router.domain.sharing import Drawn

MOST_A_MINUTE = 30
"""An agent that calls every two seconds is still one conversation; a shared beginning of many requests is none."""
MOST_KEPT = 100_000


def drawn_for(conversation: Conversation) -> Drawn:
    """What all turns of a conversation are drawn for."""
    return Drawn(conversation.key.encode()[: blake2b.MAX_KEY_SIZE], conversation.told_by)


@dataclass(slots=True)
class Conversations:
    """How often each conversation asked in the latest minute, as far as this router saw."""

    _minute: int = 0
    _asked: Counter[str] = field(default_factory=Counter[str])

    def drawn(self, request: Request, at: datetime, *, is_first: bool) -> Drawn:
        """What a request is drawn for. ``is_first``: its first attempt is chosen, and counts."""
        told = request.conversation
        if told is None or self._asks_often(told.key, at, is_first=is_first):
            return Drawn(request.request_id.bytes)
        return drawn_for(told)

    def _asks_often(self, key: str, at: datetime, *, is_first: bool) -> bool:
        minute = int(at.timestamp()) // 60
        if minute > self._minute or len(self._asked) >= MOST_KEPT:
            self._minute = minute
            self._asked.clear()
        if is_first:
            self._asked[key] += 1
        return self._asked[key] > MOST_A_MINUTE
