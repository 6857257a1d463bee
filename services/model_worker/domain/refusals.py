"""What an endpoint's error means: a typed reason, whether it can have been billed, and when to come again."""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from schemas.vocabulary import Reason
from services.model_worker.domain.calls import Billed, CallFailed
from services.model_worker.domain.shapes import object_in, text_in

TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"})
TOO_LONG_WORDS = re.compile(
    r"context[ _-]?(length|window|size)|prompt is too long|too many (input )?tokens|maximum .{0,20}tokens",
    re.IGNORECASE,
)
FILTER_CODES = frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation"})
# Of OpenAI's 429 the type says it, whatever its code; none of them passes before somebody pays or raises a limit.
UNPAID_CODES = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "payment_required"}
)
# Anthropic's 400 has no code of its own. From its beginning: a provider may quote a prompt further on.
UNPAID_WORDS = re.compile(r"your credit balance is too low", re.IGNORECASE)
# A word that a provider uses as a code; anything longer or freer may quote the prompt, and is not repeated.
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
# The parameter at fault, such as messages[1].content: without digits but an index's, so that it can be no key.
PLACE = re.compile(r"[a-z_]{2,40}(\.?\[\d{1,4}\]|\.\d{1,4}|\.[a-z_]{1,40}){0,6}")
# The call may have run to its end behind these: a gateway's timeout, or a fault while answering.
MAY_BE_BILLED = frozenset({408, 500, 502, 504})
LONGEST_WAIT_S = 86_400

UNPAID = (Reason.UNAUTHORIZED, "the account has no money or quota left: pay, or raise its limit, at the provider")
REASONS = {
    401: (Reason.UNAUTHORIZED, "the provider does not know the key: check the variable that api_key_env names"),
    402: UNPAID,
    403: (Reason.UNAUTHORIZED, "the key may not use this model: check its rights"),
    404: (Reason.UNKNOWN_MODEL, "the provider has no such model or path: check base_url and the endpoint's model"),
    408: (Reason.TIMEOUT, "the provider gave up waiting"),
    413: (Reason.CONTEXT_TOO_LONG, "the request is larger than the provider takes"),
    429: (Reason.RATE_LIMITED, "the provider's rate limit is reached"),
}


def failure_of(status: int, retry_after: str | None, raw: bytes, now: datetime) -> CallFailed:
    """The failure that a response with this status means. ``now`` is when it came, for a Retry-After date."""
    codes, words, place = _error_of(raw)
    reason, detail = _reason(status, codes, words)
    told = next((code for code in codes if CODE.fullmatch(code)), None)
    billed = Billed.UNKNOWN if status in MAY_BE_BILLED else Billed.NOTHING
    notes = (f"HTTP {status}", told, f"at {place}" if PLACE.fullmatch(place) else None)
    shown = f"{detail} ({', '.join(filter(None, notes))})"
    return CallFailed(reason, shown, billed, retry_after_ms=retry_after_ms(retry_after, now))


def _reason(status: int, codes: list[str], words: str) -> tuple[Reason, str]:
    if 400 <= status < 500 and (UNPAID_CODES.intersection(codes) or (status == 400 and UNPAID_WORDS.match(words))):
        return UNPAID
    if 400 <= status < 500 and status not in (401, 429):
        if any(code.lower() in FILTER_CODES for code in codes):
            return Reason.CONTENT_FILTERED, "the provider's content filter refused the request"
        if TOO_LONG_CODES.intersection(codes) or (status in (400, 422) and TOO_LONG_WORDS.search(words)):
            return Reason.CONTEXT_TOO_LONG, "the request is longer than the model's context"
    if status in REASONS:
        return REASONS[status]
    if 300 <= status < 400:
        return Reason.PROVIDER_ERROR, "the provider redirects, which is not followed: check base_url"
    if 400 <= status < 500:
        return Reason.INVALID_REQUEST, "the provider refuses the request as it is"
    if status in (503, 529):
        return Reason.PROVIDER_ERROR, "the provider is overloaded"
    return Reason.PROVIDER_ERROR, "the provider failed"


def _error_of(raw: bytes) -> tuple[list[str], str, str]:
    """The codes of an error body, most telling first, its words (for reading, never to be repeated), and its place."""
    try:
        document: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return [], "", ""
    error: Any = object_in(document).get("error", document)
    fields = object_in(error)
    codes = (object_in(fields.get("innererror")).get("code"), fields.get("code"), fields.get("type"))
    told = [code for code in map(text_in, codes) if code]
    return told, text_in(fields.get("message") or error), text_in(fields.get("param"))


def retry_after_ms(header: str | None, now: datetime) -> int | None:
    """Milliseconds to wait (RFC 9110, section 10.2.3: seconds or a date), at most a day; ``None`` when unreadable."""
    if not header:
        return None
    seconds = _seconds(header.strip(), now)
    return None if seconds is None else round(min(max(seconds, 0.0), LONGEST_WAIT_S) * 1000)


def _seconds(header: str, now: datetime) -> float | None:
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", header, re.ASCII):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):  # a time zone may have any number of digits
        return None
    return (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
