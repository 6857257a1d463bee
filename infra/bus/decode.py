"""From a raw record to an event. No byte of anybody's key, value or header can raise anything but Undecodable."""

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.telemetry.lean_span import LeanSpan
from schemas.envelope import FIRST_PLACE, heard_headers, time_from_ms
from schemas.fact import Event
from schemas.reaction import Received

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

SHOWN_ERRORS = 5


class Undecodable(Exception):
    """A record that is no event of its topic. ``detail`` names the fields, and never holds their values."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def decode(event_type: type[Event], record: "ConsumerRecord[Any, Any]") -> Event:
    """The event in a record. Raises :class:`Undecodable`."""
    if record.value is None:
        raise Undecodable("no_value", "the record has no value: an event is a JSON object")
    try:
        return event_type.read(record.value)
    except ValidationError as error:
        raise Undecodable(*_explained(error)) from None


def _explained(error: ValidationError) -> tuple[str, str]:
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return "not_json", f"the value is not JSON: {found[0]['msg'].removeprefix('Invalid JSON: ')}"
    around = {item["loc"][:depth] for item in found for depth in range(len(item["loc"]))}
    found = [item for item in found if not _follows_from_another(item, around)]
    told = [f"{'.'.join(map(str, item['loc'])) or 'the value'}: {_said(item)}" for item in found[:SHOWN_ERRORS]]
    more = f" (and {len(found) - SHOWN_ERRORS} more)" if len(found) > SHOWN_ERRORS else ""
    return "wrong_shape", "; ".join(told) + more


def _follows_from_another(item: ErrorDetails, around: Set[tuple[int | str, ...]]) -> bool:
    """A list that is too short only because what stands in it is wrong, which is told itself."""
    return item["type"] == "too_short" and item["loc"] in around


def _said(item: ErrorDetails) -> str:
    """What is wrong, in words that name no type of ours."""
    if item["type"] == "too_short" and "ctx" in item:
        return f"at least {item['ctx']['min_length']} is wanted"
    return item["msg"].removeprefix("Value error, ")


def received_of(
    record: "ConsumerRecord[Any, Any]", span: LeanSpan | None, headers: Mapping[str, str] | None = None
) -> Received:
    """Where the record stands, and the context to go on in: its span's, where it has one.

    ``headers`` are those of :func:`schemas.envelope.heard_headers`, where they were read before.
    """
    told = heard_headers(record.headers) if headers is None else headers
    return Received(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        at=time_from_ms(record.timestamp),
        key=record.key,
        event_id=told.get("ce_id") or f"{record.topic}:{record.partition}:{record.offset}",
        source=told.get("ce_source"),
        trace_id=span.trace_id if span else None,
        traceparent=span.traceparent if span else None,
        value=record.value or b"",
        reply_to=told.get("reply_to"),
        first_place=told.get(FIRST_PLACE),
    )
