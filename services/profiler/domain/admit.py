"""Admission: from what was submitted to the facts that every later event carries."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from schemas.asking import DEFAULT_TENANT, GENERAL
from schemas.content import Question, body_of, fingerprint
from schemas.deadlines import attempt_deadline
from schemas.ids import request_id_from_origin
from schemas.money import micro_from_usd
from schemas.portfolio import Lane, Portfolio, StreamForm
from schemas.providers import AdapterKind
from schemas.reaction import Received
from schemas.request import Features, Profile, Refusal, Request, RequestProfiled, RequestSubmitted
from schemas.vocabulary import GATEWAY, Reason, Risk
from services.profiler.domain.abilities import ability_refusal
from services.profiler.domain.asked_policies import policy_refusal
from services.profiler.domain.beside import why_misplaced, why_no_stream
from services.profiler.domain.budget import Hold
from services.profiler.domain.classify import Classifier, refusal_of
from services.profiler.domain.conversation import conversation_of
from services.profiler.domain.embeddings import is_for_vectors, length_refusal, shape_refusal
from services.profiler.domain.features import features_of
from services.profiler.domain.granted import not_declared, not_granted
from services.profiler.domain.known_texts import kinds_in
from services.profiler.domain.model_name import meant
from services.profiler.domain.params import passed_params, why_unsupported
from services.profiler.domain.privacy import LookThrough, raised, sensitive_kinds
from services.profiler.domain.recalling import NEITHER, recalling
from services.profiler.domain.shape import why_malformed
from services.profiler.domain.understanding import understood

NO_QUESTION = b"{}"
OF_ONE_SUBMISSION = ("grant", "recall", "stream", "waited_s")
LEAST_S = 0.05
"""What a request has left at the least, whatever its client waited before it was said."""

DUPLICATE = "duplicate"
REUSED = "reused"


class ContentUnreadable(Exception):
    """Content by reference is no request's. The message is for its sender, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client gets whatever it asks for. ``client``: whose own topic it came by; none for the gateway's, which
    alone can pass a stream on (``streams``). ``has_keys``: to seal content with.
    """

    revision: str
    longest_deadline_s: float
    reply_topics: frozenset[str]
    client: str | None = None
    streams: bool = False
    has_keys: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """The row that lets a request in once. ``origin`` is where it stands in the log, ``revision`` what decides it.

    ``mirrors``: the request that it is asked once more for; it is let in with that one alone, from the same record.
    """

    request_id: UUID
    tenant: str
    body_hash: bytes
    origin: str
    revision: str
    hold: Hold | None = None
    mirrors: UUID | None = None


def origin_of(received: Received) -> str:
    """Where a record stands in the log, as one string."""
    return f"{received.topic}:{received.partition}:{received.offset}"


def tenant_of(asked: str | None, received: Received, intake: str) -> str:
    """Whom the topic belongs to. One in the body counts on the gateway's own alone, whatever headers say."""
    suffix = _suffix(received, intake)
    return (asked if suffix == GATEWAY else suffix) or DEFAULT_TENANT


def client_of(received: Received, intake: str) -> str | None:
    """The client whose own topic it came by; ``None`` for the topic of all, and for the gateway's."""
    suffix = _suffix(received, intake)
    return None if suffix == GATEWAY else suffix or None


def id_of(asked: RequestSubmitted, received: Received) -> UUID:
    """The id that its client gave it, or the one of where it stands in the log."""
    return asked.request_id or request_id_from_origin(received.topic, received.partition, received.offset)


def is_gateway(received: Received, intake: str) -> bool:
    """Whether the gateway said it."""
    return _suffix(received, intake) == GATEWAY


def as_trusted(asked: RequestSubmitted, received: Received, intake: str) -> RequestSubmitted:
    """The request without an answer that anybody but the gateway says was verified before."""
    if asked.recall is None or is_gateway(received, intake):
        return asked
    return asked.model_copy(update={"recall": None})


def _suffix(received: Received, intake: str) -> str:
    return received.topic.removeprefix(intake).removeprefix(".")


def profile(
    asked: RequestSubmitted,
    received: Received,
    tenant: str,
    portfolio: Portfolio,
    terms: Terms,
    classifier: Classifier | None = None,
    look_through: LookThrough = kinds_in,
) -> RequestProfiled:
    """Admit and profile a request. One that cannot be followed carries its refusal."""
    asked = meant(asked, portfolio)
    sensitive = sensitive_kinds(asked, look_through)
    features = features_of(asked)
    asks = understood(asked, features, portfolio, classifier)
    lane = portfolio.lanes[asks.lane]
    data_class = raised(asked.data_class or portfolio.defaults.data_class, sensitive)
    is_sealed = portfolio.seals(data_class, has_keys=terms.has_keys)
    refusal = (
        _refusal(asked, received, portfolio, terms)
        or policy_refusal(asked, portfolio)
        or ability_refusal(asked, asks.needs, asks.lane, portfolio)
        or length_refusal(asked, asks.model, portfolio)
        or not_granted(asked.grant, asks.lane, data_class, asks.why_lane)
        or not_declared(terms.client, portfolio.clients, asks.lane, data_class, asks.why_lane)
    )
    from_cache = NEITHER if refusal else recalling(asked.recall, asks.lane, lane, terms.revision, data_class, sensitive)
    deadline_at = _deadline(asked, lane, received, terms)
    request = Request(
        request_id=id_of(asked, received),
        tenant=tenant,
        session=asked.session,
        admitted_at=received.at,
        deadline_at=deadline_at,
        lane=asks.lane,
        revision=terms.revision,
        fingerprint=_fingerprint(asked) if _replays(portfolio) else "",
        pinned_model=asks.model,
        data_class=data_class,
        risk=asks.risk,
        budget_micro_usd=_budget(asked, lane),
        max_attempts=lane.max_attempts,
        reply_to=_reply_to(received, terms),
        reply_key=_reply_key(received),
        metadata=asked.metadata,
        profile=asks.profile(features, sensitive),
        keep=from_cache.keep,
        live=(not is_sealed and _is_live(asked, lane, asks.risk, terms)) or None,
        conversation=conversation_of(asked, tenant, is_sealed=is_sealed),
    )
    return RequestProfiled(
        request=request,
        body=asked.body or body_of(_question(asked).to_json()),
        attempt_deadline_at=attempt_deadline(received.at, deadline_at, lane.max_attempts),
        refusal=refusal,
        recalled=from_cache.found,
    )


def _deadline(asked: RequestSubmitted, lane: Lane, received: Received, terms: Terms) -> datetime:
    """The nearest of the deadlines that hold, less what its client has waited already."""
    deadline_s = min(asked.deadline_s or lane.deadline_s, lane.deadline_s, terms.longest_deadline_s)
    return received.at + timedelta(seconds=max(LEAST_S, deadline_s - (asked.waited_s or 0)))


def with_content(asked: RequestSubmitted, text: str) -> RequestSubmitted:
    """A request whose content came by reference, as if it had come whole. Raises :class:`ContentUnreadable`."""
    try:
        content = RequestSubmitted.read(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise ContentUnreadable(f"the content by reference: {found['msg']}") from None
    if (misplaced := why_misplaced(text)) is not None:
        raise ContentUnreadable(f"the content by reference: {misplaced.detail}")
    return asked.model_copy(update={name: getattr(content, name) for name in Question.model_fields})


def in_the_open(submitted: RequestSubmitted, opened: RequestSubmitted) -> RequestSubmitted:
    """The submission by which it is known again: sealed content is never twice the same, so there what was opened."""
    is_sealed = submitted.body is not None and submitted.body.is_sealed
    return opened.model_copy(update={"body": None}) if is_sealed else submitted


def identity_of(asked: RequestSubmitted) -> bytes:
    """What makes two submissions of one id the same request.

    All but the key that it came with, where content is kept, what a cache held of it, how the answer is told, and how
    long its client had waited.
    """
    if all(getattr(asked, name) is None for name in ("body", *OF_ONE_SUBMISSION)):
        return asked.to_json()
    body = asked.body and asked.body.model_copy(update={"ref": None})
    return asked.model_copy(update={"body": body, **dict.fromkeys(OF_ONE_SUBMISSION)}).to_json()


def refuse(
    value: Any, detail: str, received: Received, tenant: str, portfolio: Portfolio, terms: Terms
) -> RequestProfiled:
    """Admit a JSON object that is no request, so that its sender hears the reason on ``request.failed``."""
    claimed = value.get("request_id")
    try:
        request_id = UUID(claimed) if isinstance(claimed, str) else None
    except ValueError:
        request_id = None
    deadline_at = received.at + timedelta(seconds=portfolio.lanes[portfolio.defaults.lane].deadline_s)
    request = Request(
        request_id=request_id or request_id_from_origin(received.topic, received.partition, received.offset),
        tenant=tenant,
        admitted_at=received.at,
        deadline_at=deadline_at,
        lane=portfolio.defaults.lane,
        revision=terms.revision,
        fingerprint="",
        data_class=portfolio.defaults.data_class,
        risk=Risk.LOW,
        max_attempts=1,
        reply_to=_reply_to(received, terms),
        reply_key=_reply_key(received),
        profile=Profile(
            task=GENERAL,
            confidence=0,
            why="it could not be read",
            context_tokens=0,
            features=Features(characters=len(received.value), estimated_tokens=0),
        ),
    )
    return RequestProfiled(
        request=request,
        body=body_of(NO_QUESTION),
        attempt_deadline_at=deadline_at,
        refusal=Refusal(reason=Reason.INVALID_REQUEST, detail=detail),
    )


def fits(event: RequestProfiled, submitted_bytes: int, largest: int) -> bool:
    """Whether the request's events can be said: content is JSON text within JSON, so quotes make it grow."""
    return submitted_bytes * 2 <= largest or len(event.to_json()) <= largest


def without_answer(event: RequestProfiled) -> RequestProfiled:
    """The same admission, to be answered by a model: its events have no room for the answer that was kept."""
    return event.model_copy(update={"recalled": None})


def refused_as_too_large(event: RequestProfiled, largest: int) -> RequestProfiled:
    """The same admission without its content, which no event could carry."""
    detail = f"the request is too large for its events, which take {largest} bytes: send less text"
    return event.model_copy(
        update={
            "request": event.request.model_copy(update={"metadata": {}}),
            "body": body_of(NO_QUESTION),
            "refusal": Refusal(reason=Reason.TOO_LARGE, detail=detail),
        }
    )


def admission_of(event: RequestProfiled, content: bytes, received: Received, hold: Hold | None = None) -> Admission:
    """The admission row of a profiled request."""
    request, body_hash = event.request, sha256(content).digest()
    return Admission(request.request_id, request.tenant, body_hash, origin_of(received), request.revision, hold)


def json_object(value: bytes) -> dict[str, Any] | None:
    """The value as a JSON object, or ``None`` when it is none."""
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None  # pyright: ignore[reportUnknownVariableType]


def _refusal(asked: RequestSubmitted, received: Received, portfolio: Portfolio, terms: Terms) -> Refusal | None:
    for_vectors = is_for_vectors(asked)
    if (why := why_unsupported(asked.params, for_vectors=for_vectors)) is not None:
        return Refusal(reason=Reason.UNSUPPORTED_PARAMETER, detail=why)
    if received.reply_to is not None and received.reply_to not in terms.reply_topics:
        detail = "reply_to names an undeclared topic: add it to PROFILER_REPLY_TOPICS, or leave it out"
        return Refusal(reason=Reason.INVALID_REQUEST, detail=detail)
    if not terms.streams and (misplaced := why_misplaced(received.value) or why_no_stream(asked)) is not None:
        return misplaced
    if (why := why_malformed(asked, for_vectors=for_vectors)) is not None:
        return Refusal(reason=Reason.INVALID_REQUEST, detail=why)
    return (shape_refusal(asked) if for_vectors else None) or refusal_of(asked, portfolio)


def _is_live(asked: RequestSubmitted, lane: Lane, risk: Risk, terms: Terms) -> bool:
    """Whether an answer may be read while it is written; one of high risk is checked first, in any lane."""
    return bool(asked.stream) and terms.streams and lane.stream is StreamForm.LIVE and risk is not Risk.HIGH


def _fingerprint(asked: RequestSubmitted) -> str:
    return fingerprint(asked.messages, asked.tools, asked.response_format)


def _replays(portfolio: Portfolio) -> bool:
    """Whether a provider needs fingerprints: they take time, and tell who guesses a question that it is the one."""
    return any(provider.adapter is AdapterKind.REPLAY for provider in portfolio.providers.values())


def _reply_to(received: Received, terms: Terms) -> str | None:
    """A declared topic, or none: whoever could name any topic could write to ours."""
    return received.reply_to if received.reply_to in terms.reply_topics else None


def _reply_key(received: Received) -> str | None:
    """The client's own key, byte by byte: its answer comes back under it."""
    return received.key.decode("latin-1") if received.key else None


def _question(asked: RequestSubmitted) -> Question:
    return Question(
        messages=asked.messages,
        tools=asked.tools,
        response_format=asked.response_format,
        params=passed_params(asked.params),
        checks=asked.checks,
        sources=asked.sources,
    )


def _budget(asked: RequestSubmitted, lane: Lane) -> int | None:
    limits = [micro_from_usd(limit) for limit in (asked.budget_usd, lane.budget_usd) if limit is not None]
    return min(limits, default=None)
