"""Spans in OTLP's protobuf wire form, written directly.

The library builds a message object for each attribute, which costs three times what making the span did; at eleven
spans a request that is a part of the budget. A test decodes what this writes and compares it with the library's.
Spans that are made for each event come in wire form already; the SDK's own, of which there are few, are encoded here.
Source of the field numbers: opentelemetry-proto 1.9, ``trace/v1/trace.proto`` and ``common/v1/common.proto``;
of the wire form: Protocol Buffers encoding guide.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import pack

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue

TEXT, WHOLE, REAL = b"\x0a", b"\x18", b"\x21"
UNSIGNED_64 = 1 << 64
ONE_BYTE = tuple(bytes((value,)) for value in range(128))
LONGEST_KEPT = 32
REMOTE_KNOWN, REMOTE = 0x100, 0x200
WITHOUT, WITH_REMOTE_PARENT = pack("<HI", 0x0185, REMOTE_KNOWN), pack("<HI", 0x0185, REMOTE_KNOWN | REMOTE)
UNSET = b"\x7a\x00"


def encode(spans: Sequence[ReadableSpan | bytes], resource: Resource, scope: str) -> bytes:
    """An ``ExportTraceServiceRequest`` of spans that share one resource and one scope."""
    described = _field(0x0A, b"".join(_attributes(0x0A, resource.attributes)))
    named = _field(0x0A, _field(0x0A, scope.encode()))
    told = (span if isinstance(span, bytes) else _span(span) for span in spans)
    scoped = _field(0x12, named + b"".join(_field(0x12, span) for span in told))
    return _field(0x0A, described + scoped)


def span_of(
    ids: tuple[str, str, str], form: bytes, times_ns: tuple[int, int], attributes: bytes, status: bytes
) -> bytes:
    """A ``Span``. ``ids``: its trace, itself, and its remote parent (empty for a root), in hexadecimal digits."""
    trace_id, span_id, parent = ids
    return b"".join(
        (
            b"\x0a\x10",
            bytes.fromhex(trace_id),
            b"\x12\x08",
            bytes.fromhex(span_id),
            b"\x22\x08" + bytes.fromhex(parent) if parent else b"",
            form,
            pack("<BQBQ", 0x39, times_ns[0], 0x41, times_ns[1]),
            attributes,
            status or UNSET,
            WITH_REMOTE_PARENT if parent else WITHOUT,
        )
    )


@lru_cache(maxsize=256)
def span_form(name: str, kind: SpanKind) -> bytes:
    """What all spans of a name and kind have alike."""
    return _field(0x2A, name.encode()) + b"\x30" + bytes((kind.value + 1,))


def span_attributes(attributes: Mapping[str, AttributeValue]) -> bytes:
    """The attributes of a ``Span``."""
    return b"".join(_attributes(0x4A, attributes))


def span_text(key: str, value: str) -> bytes:
    """One attribute of a ``Span``, a text that does not come again."""
    return _text(0x4A, key, value)


def span_whole(key: str, value: int) -> bytes:
    """One attribute of a ``Span``, a whole number."""
    return _whole(0x4A, key, value)


def failed_status(description: str) -> bytes:
    """The status of what failed."""
    return _told_status(StatusCode.ERROR, description)


def _span(span: ReadableSpan) -> bytes:
    context, parent = span.context, span.parent
    if context is None:
        raise ValueError("a span without a context cannot be sent")
    flags = REMOTE_KNOWN | (REMOTE if parent is not None and parent.is_remote else 0)
    return b"".join(
        (
            b"\x0a\x10",
            context.trace_id.to_bytes(16, "big"),
            b"\x12\x08",
            context.span_id.to_bytes(8, "big"),
            b"\x22\x08" + parent.span_id.to_bytes(8, "big") if parent is not None else b"",
            span_form(span.name, span.kind),
            pack("<BQBQ", 0x39, span.start_time or 0, 0x41, span.end_time or 0),
            span_attributes(span.attributes or {}),
            *(_field(0x5A, _event(event)) for event in span.events),
            _status(span),
            pack("<HI", 0x0185, flags),
        )
    )


def _status(span: ReadableSpan) -> bytes:
    status = span.status
    if status.status_code is StatusCode.UNSET and not status.description:
        return UNSET
    return _told_status(status.status_code, status.description)


def _told_status(code: StatusCode, description: str | None) -> bytes:
    described = _field(0x12, description.encode(errors="replace")) if description else b""
    return _field(0x7A, described + b"\x18" + _varint(code.value))


def _event(event: Event) -> bytes:
    told = pack("<BQ", 0x09, event.timestamp) + _field(0x12, event.name.encode())
    return told + b"".join(_attributes(0x1A, event.attributes))


def _attributes(tag: int, attributes: Mapping[str, AttributeValue] | None) -> Iterable[bytes]:
    for key, value in (attributes or {}).items():
        if isinstance(value, str):
            # Most values come again and again: topics, groups, models. Long ones and numbers are one-offs.
            yield _kept(tag, key, value) if len(value) < LONGEST_KEPT else _text(tag, key, value)
        elif type(value) is int:
            yield _whole(tag, key, value)
        else:
            yield _attribute(tag, key, value)


def _attribute(tag: int, key: str, value: AttributeValue) -> bytes:
    return _field(tag, _field(0x0A, key.encode()) + _field(0x12, _any(value)))


def _text(tag: int, key: str, value: str) -> bytes:
    told = value.encode(errors="replace")
    return _before(tag, key, TEXT, len(told)) + told


def _whole(tag: int, key: str, value: int) -> bytes:
    told = _varint(value)
    return _before(tag, key, WHOLE, len(told)) + told


@lru_cache(maxsize=4_096)
def _before(tag: int, key: str, kind: bytes, size: int) -> bytes:
    """An attribute as far as its value, which takes so many bytes: alike for all values of that size."""
    told = kind + (_varint(size) if kind == TEXT else b"")
    named = _field(0x0A, key.encode()) + b"\x12" + _varint(len(told) + size) + told
    return bytes((tag,)) + _varint(len(named) + size) + named


@lru_cache(maxsize=4_096)
def _kept(tag: int, key: str, value: str) -> bytes:
    return _attribute(tag, key, value)


def _any(value: AttributeValue) -> bytes:
    if isinstance(value, str):
        return _field(0x0A, value.encode(errors="replace"))
    if value is None:
        return b""
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return WHOLE + _varint(value)
    if isinstance(value, float):
        return REAL + pack("<d", value)
    return _field(0x2A, b"".join(_field(0x0A, _any(item)) for item in value))


def _field(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes((tag, size)) + content if size < 128 else bytes((tag,)) + _varint(size) + content


def _varint(value: int) -> bytes:
    if 0 <= value < 128:
        return ONE_BYTE[value]
    value %= UNSIGNED_64
    told = bytearray()
    while value > 127:
        told.append(value & 127 | 128)
        value >>= 7
    told.append(value)
    return bytes(told)
