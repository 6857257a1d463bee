"""From a raw record to an event. No byte of anybody's key, value or header can raise anything but Undecodable."""

from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span
from pydantic import ValidationError

from infra.telemetry.context import traceparent_of
from schemas.envelope import header, time_from_ms
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
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        return "not_json", f"the value is not JSON: {found[0]['msg']}"
    told = [f"{'.'.join(map(str, item['loc'])) or 'the value'}: {item['msg']}" for item in found[:SHOWN_ERRORS]]
    more = f" (and {len(found) - SHOWN_ERRORS} more)" if len(found) > SHOWN_ERRORS else ""
    return "wrong_shape", "; ".join(told) + more


def received_of(record: "ConsumerRecord[Any, Any]", span: Span) -> Received:
    """Where the record stands, and the context of the span that processes it."""
    context = span.get_span_context()
    return Received(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        at=time_from_ms(record.timestamp),
        key=record.key,
        event_id=header(record.headers, "ce_id") or f"{record.topic}:{record.partition}:{record.offset}",
        source=header(record.headers, "ce_source"),
        trace_id=f"{context.trace_id:032x}" if context.is_valid else None,
        traceparent=traceparent_of(context) if context.is_valid else None,
        value=record.value or b"",
        reply_to=header(record.headers, "reply_to"),
    )
