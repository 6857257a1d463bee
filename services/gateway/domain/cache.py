"""The answer cache: what makes two requests the same, what a client may wish of it, and what is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from pydantic_core import to_json

from schemas.content import Json, body_of, tool_without_mark, without_marks
from schemas.outcome import RequestCompleted
from schemas.portfolio import Portfolio
from schemas.recall import LONGEST_KEPT_S, Recall, Recalled
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.review import FeedbackRecorded
from schemas.vocabulary import Status
from services.gateway.domain.patience import lane_named
from services.gateway.domain.problems import SERVER, Problem, Refused

TOLD = "x-portfolio-cache"
CHANGES_NO_ANSWER = frozenset(
    {"request_id", "tenant", "metadata", "session", "deadline_s", "waited_s", "budget_usd", "grant", "body", "recall"}
)
"""Who asks, within which limits, and what is noted of it. The tenant stands in the key by itself."""
TOLD_BESIDE = frozenset({"user", "prompt_cache_key", "safety_identifier"})
"""Parameters that change no answer."""
BAD_BELOW = 0.5
"""The score of feedback under which an answer was wrong (ADR 28), and is served to nobody any more."""
GIVEN_KEPT_HOURS = 24
"""How long it is known which answer a request was given from the cache, for feedback on it."""
DROPPED_KEPT_HOURS = LONGEST_KEPT_S // 3_600 + 24
"""How long it is known that an answer was wrong: its end may be told again for as long as the log holds it."""
ANYBODYS = ""
"""The tenant of feedback that may speak of any."""


class Wish(StrEnum):
    """What a client would have of the cache, by ``Cache-Control`` (RFC 9111, section 5.2.1)."""

    ANSWER = "answer"
    NEW_ANSWER = "new answer"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer to keep: for whom, under which key, for how long."""

    key: bytes
    tenant: str
    for_s: int
    recalled: Recalled


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was taken from the cache for a request; ``first``: the request it was verified in."""

    request_id: UUID
    tenant: str
    first: UUID


class Bad(NamedTuple):
    """A request whose answer was wrong, as its tenant says."""

    request_id: UUID
    tenant: str


def bad_of(told: FeedbackRecorded) -> Bad | None:
    """What feedback takes out of the cache; ``None`` where the answer was good enough."""
    return Bad(told.request_id, told.tenant or ANYBODYS) if told.score < BAD_BELOW else None


class First(NamedTuple):
    """The first request that asks something, since when, and how long others may wait for it."""

    request_id: UUID
    begun_at: datetime
    left_s: float


def keeps(profiled: RequestProfiled, key: bytes) -> bool:
    """Whether the answer to a request will be kept under this key, or is."""
    if profiled.recalled is not None:
        return True
    return profiled.request.keep is not None and profiled.request.keep.key == key.hex()


def wish_in(headers: Mapping[str, str]) -> Wish:
    """``no-store``: neither looked for nor kept; ``no-cache``: asked anew, and kept."""
    told = {part.strip().lower() for part in headers.get("cache-control", "").split(",")}
    if "no-store" in told:
        return Wish.NOTHING
    return Wish.NEW_ANSWER if told & {"no-cache", "max-age=0"} else Wish.ANSWER


def may_be_cached(asked: RequestSubmitted, portfolio: Portfolio) -> bool:
    """Whether the lane that it names has a cache; where it names none, whether any lane has."""
    named = portfolio.lanes.get(lane_named(asked, portfolio) or "")
    lanes = portfolio.lanes.values() if named is None else (named,)
    return any(lane.cache is not None for lane in lanes)


def recall_of(asked: RequestSubmitted, tenant: str, revision: str) -> Recall:
    """The key of a request: the hash of all that can change its answer, for one tenant, under one revision."""
    plain = asked.model_copy(update={"messages": tuple(map(without_marks, asked.messages)), "tools": _plain(asked)})
    told = plain.model_dump(mode="json", exclude=set(CHANGES_NO_ANSWER), exclude_none=True)
    params = {name: value for name, value in told.pop("params").items() if name not in TOLD_BESIDE}
    whole = {**told, "params": params, "tenant": tenant, "revision": revision}
    canonical = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Recall(key=sha256(canonical.encode(errors="surrogatepass")).hexdigest(), revision=revision)


def _plain(asked: RequestSubmitted) -> tuple[Json, ...] | None:
    return None if asked.tools is None else tuple(map(tool_without_mark, asked.tools))


def is_answered(asked: RequestSubmitted) -> bool:
    """Whether an answer to it was found."""
    return asked.recall is not None and asked.recall.found is not None


def kept_of(end: RequestCompleted, largest_bytes: int) -> Kept | None:
    """What is kept of an end: the answer, if it is verified, not from the cache itself, and not too large."""
    if end.keep is None or end.status != Status.VERIFIED or end.recalled_from is not None or not end.answer:
        return None
    answer = body_of(to_json(end.answer))
    if answer.bytes > largest_bytes:
        return None
    found = Recalled(
        request_id=end.request_id,
        lane=end.lane,
        model=end.model,
        provider=end.provider,
        answer=answer,
        checks=end.checks,
    )
    return Kept(bytes.fromhex(end.keep.key), end.tenant, end.keep.for_s, found)


def given_of(end: RequestCompleted) -> Given | None:
    """That an end was taken from the cache."""
    return Given(end.request_id, end.tenant, end.recalled_from) if end.recalled_from is not None else None


def cache_header(end: RequestCompleted) -> dict[str, str]:
    """Whether the answer was kept before; nothing where no cache was asked."""
    if end.recalled_from is not None:
        return {TOLD: "hit"}
    return {TOLD: "miss"} if end.keep is not None else {}


def cache_away() -> Refused:
    """A wrong answer may be in the cache still, and nobody can take it out: 503."""
    message = "The answer cannot be taken out of the cache: the database does not answer. Try again in a few seconds."
    return Refused(Problem(503, SERVER, "cache_away", message, retry=True, retry_after_s=2))
