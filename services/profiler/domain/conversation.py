"""Which conversation a request belongs to, so that its turns can be asked where their beginning is known. Pure."""

from hashlib import blake2b

from schemas.request import Conversation, RequestSubmitted
from services.profiler.domain.embeddings import is_for_vectors
from services.profiler.domain.features import texts_of

SESSION, CACHE_KEY, BEGINNING = "session", "prompt_cache_key", "first message"
OF_A_USER = ("safety_identifier", "user")
LOOKED_AT = 4_096
"""Characters of the first message: no more are needed to tell conversations apart."""
KEY_BYTES = 8


def conversation_of(asked: RequestSubmitted, tenant: str, *, is_sealed: bool) -> Conversation | None:
    """By the session that the client tells, by its ``prompt_cache_key``, or by what was said first; else ``None``.

    The system's text is no part of it: some clients write the time or a number into it at each turn. Of sealed content
    nothing is told: whoever guesses a first message could find by its key that it is the one.
    """
    if asked.session:
        return _told(SESSION, tenant, asked.session)
    came_sealed = asked.body is not None and asked.body.is_sealed
    if is_sealed or came_sealed or is_for_vectors(asked):
        return None
    if (key := _text(asked, CACHE_KEY)) is not None:
        return _told(CACHE_KEY, tenant, key)
    said = _said_first(asked)
    return _told(BEGINNING, tenant, *(_text(asked, name) or "" for name in OF_A_USER), said) if said else None


def _said_first(asked: RequestSubmitted) -> str:
    first = next((message for message in asked.messages if message.get("role") == "user"), None)
    return "".join(texts_of((first,)))[:LOOKED_AT] if first else ""


def _text(asked: RequestSubmitted, name: str) -> str | None:
    told = asked.params.get(name)
    return told if isinstance(told, str) and told else None


def _told(by: str, *parts: str) -> Conversation:
    """The lengths of the parts keep apart what would read the same when joined."""
    digest = blake2b(digest_size=KEY_BYTES)
    for part in (by, *parts):
        told = part.encode(errors="surrogatepass")
        digest.update(len(told).to_bytes(8) + told)
    return Conversation(key=digest.hexdigest(), told_by=by)
