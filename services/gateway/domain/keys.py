"""API keys: how one looks, what it may do, and until when it is good."""

import base64
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from schemas.asking import DEFAULT_TENANT, answer_bounds
from schemas.entry import NAMED, Name
from schemas.fact import Fact
from schemas.reckoned import prompt_tokens
from schemas.request import Grant, RequestSubmitted
from schemas.vocabulary import EMBEDDINGS, DataClass
from services.gateway.domain.json_body import near_to, read_as
from services.gateway.domain.problems import INVALID, Problem, Refused, wrong

MARK = "mp"
SECRET_BYTES = 32
"""256 random bits: nobody guesses them, so that one round of SHA-256 keeps them as well as a slow hash would."""
MINUTE = timedelta(minutes=1)
USUAL_ANSWER_TOKENS = 256
"""Held for an answer of which nobody says how long it may be."""
ID = re.compile(r"[0-9a-f]{12}")
STORABLE = r"^[^\x00]*$"
"""PostgreSQL's text holds no NUL."""
MOST_LANES = 1_000
"""They go along with every request of the key."""
LaneName = Annotated[str, Field(min_length=1, max_length=120, pattern=STORABLE)]


class Scope(StrEnum):
    """What a key opens: asking, or the administration of keys."""

    CHAT = "chat"
    ADMIN = "admin"


class Wish(Fact):
    """What a key is wanted for. No ``lanes`` or ``data_classes``: any; no limit: none."""

    name: str = Field(min_length=1, max_length=120, pattern=STORABLE)
    tenant: Name = DEFAULT_TENANT
    scopes: tuple[Scope, ...] = Field(default=(Scope.CHAT,), min_length=1)
    lanes: tuple[LaneName, ...] | None = Field(default=None, min_length=1, max_length=MOST_LANES, fail_fast=True)
    data_classes: tuple[DataClass, ...] | None = Field(default=None, min_length=1)
    requests_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    tokens_per_minute: int | None = Field(default=None, ge=1, le=1_000_000_000)
    expires_at: AwareDatetime | None = None


class Rotation(Fact):
    """For how long the old key stays good beside the new one."""

    overlap_s: int = Field(default=86_400, ge=0, le=31_536_000)


class Key(Wish):
    """A key as it is kept: all of it but the secret. Older ones may name more lanes than are taken today.

    ``paced_as``: the key that the first of its rotations began with, whose minute they all share.
    """

    id: str
    lanes: tuple[str, ...] | None = None
    created_at: AwareDatetime
    revoked_at: AwareDatetime | None = None
    paced_as: str | None = Field(default=None, exclude=True)

    @property
    def pace_id(self) -> str:
        """Under which its use of the minute is reckoned."""
        return self.paced_as or self.id

    @property
    def shown(self) -> str:
        """The part that may be shown."""
        return f"{MARK}-{self.id}"

    @property
    def grant(self) -> Grant:
        """What goes with each request, for the profiler to hold it to."""
        return Grant(key=self.shown, lanes=self.lanes, data_classes=self.data_classes)

    def told(self) -> dict[str, Any]:
        """For the administration's API."""
        return {"prefix": self.shown, **self.model_dump(mode="json")}


def secret_of(key_id: str, drawn: bytes) -> str:
    """The key as its owner gets it, once."""
    return f"{MARK}-{key_id}-{base64.urlsafe_b64encode(drawn).decode().rstrip('=')}"


def hashed(secret: str) -> bytes:
    """What is kept of a key."""
    return sha256(secret.encode()).digest()


def presented(headers: Mapping[str, str]) -> str:
    """The key that a client sends, as OpenAI's or Anthropic's clients do; empty when it sends none."""
    kind, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "").strip()


def checked(key: Key | None, scope: Scope, now: datetime) -> Key:
    """The key, when it is good for this. Raises ``Refused``."""
    if key is None:
        raise no_key("The API key is not known here: check it, or make one with `portfolio keys create`.")
    if key.revoked_at is not None:
        raise no_key(f"The API key {key.shown} was revoked: ask for a new one.")
    if key.expires_at is not None and key.expires_at <= now:
        raise no_key(f"The API key {key.shown} expired at {key.expires_at:%Y-%m-%dT%H:%M:%SZ}: ask for a new one.")
    if scope not in key.scopes:
        message = f"The API key {key.shown} has not the scope {scope}: use one that has."
        raise Refused(Problem(403, INVALID, "insufficient_permissions", message, unread=True))
    return key


def rotated_already(key_id: str, follower: str) -> Refused:
    """Another key follows this one: 409."""
    message = (
        f"The key {MARK}-{key_id} was rotated already, and {MARK}-{follower} follows it: rotate that one, "
        "with no overlap (`--overlap 0s`) where its secret was lost."
    )
    return Refused(Problem(409, INVALID, "key_rotated", message, "key_id"))


def no_key(message: str) -> Refused:
    """No key, or none that is good: 401."""
    return Refused(Problem(401, INVALID, "invalid_api_key", message, unread=True))


def missing_key() -> Refused:
    """A request without a key: 401."""
    return no_key("An API key is needed: send the header `Authorization: Bearer <key>`, or `x-api-key`.")


def tokens_of(asked: RequestSubmitted) -> int:
    """About the most tokens that a request takes: its prompt, estimated, and the largest limit that it names."""
    prompt = prompt_tokens(asked.messages, asked.tools, asked.response_format)
    return prompt + max(answer_bounds(asked.params), default=0)  # which of them holds is a provider's to say


def unbounded_tokens(asked: RequestSubmitted) -> int:
    """What is held for an answer that the request does not limit: many at once would pass by their prompts alone."""
    is_limited = asked.operation == EMBEDDINGS or answer_bounds(asked.params)
    return 0 if is_limited else USUAL_ANSWER_TOKENS


def is_id(text: str) -> bool:
    """Whether a key can have this id."""
    return ID.fullmatch(text) is not None


def is_tenant(text: str) -> bool:
    """Whether a key can be of a tenant of this name."""
    return re.fullmatch(NAMED, text) is not None


def share_of_a_minute(amount: int, per_minute: int | None) -> timedelta:
    """The time that an amount takes at a rate; none without a limit. Rounded down, so that a minute holds all."""
    return timedelta() if per_minute is None else (MINUTE * amount) // per_minute


def never_fits(key: Key, tokens: int) -> Refused:
    """A request larger than the key's whole minute: 429, and waiting does not help."""
    message = f"The request takes about {tokens} tokens, and the key may use {key.tokens_per_minute} a minute."
    return Refused(Problem(429, "tokens", "rate_limit_exceeded", message))


def wish_of(body: bytes) -> Wish:
    """The wish in a body. Raises ``Refused`` that names what is wrong."""
    return read_as(Wish, body)


def rotation_of(body: bytes) -> Rotation:
    """The rotation in a body; an empty one is the usual. Raises ``Refused``."""
    return read_as(Rotation, body or b"{}")


def allowed(wish: Wish, lanes: Collection[str] | None) -> Wish:
    """The wish, where the portfolio in force has its lanes: else each request of the key would be refused.

    ``lanes`` of that portfolio; ``None`` where none is in force yet. Raises ``Refused``.
    """
    missing = [name for name in wish.lanes or () if lanes is not None and name not in lanes]
    if not missing:
        return wish
    near = near_to(missing[0], lanes or ())
    remedy = f"did you mean {near!r}?" if near else "apply one that has it first, or leave it out"
    raise wrong("lanes", f"The portfolio in force has no lane {missing[0]!r}: {remedy}")
