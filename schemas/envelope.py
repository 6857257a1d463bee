"""The envelope: CloudEvents 1.0 in binary mode over Kafka headers, with W3C trace context.

Source: CloudEvents Kafka protocol binding 1.0.2, section 3.2. No header of anybody's can make reading fail:
what is not UTF-8, or not what it should be, is treated as absent.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

FIRST_PLACE = "dl_place"
"""The header that tells of a replayed record which one it is: its topic, partition and offset when it came first."""
HEARD = frozenset({"ce_id", "ce_source", "reply_to", "traceparent", FIRST_PLACE})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS = 253_370_764_800_000
"""The first moment of the year 9999: a deadline counted from it still fits a ``datetime``."""


class Envelope(NamedTuple):
    """What stands in the headers of an event. ``source`` is the service that said it; ``correlation_id`` the request
    that it belongs to, and ``expires_at`` when nobody acts on it any more (CloudEvents' extensions of these names).
    """

    id: UUID | str
    type: str
    source: str
    subject: str
    time: datetime
    causation_id: str | None = None
    correlation_id: str | None = None
    expires_at: datetime | None = None
    traceparent: str | None = None
    tracestate: str | None = None

    def headers(self) -> list[tuple[str, bytes]]:
        """The headers to send, in Kafka's form."""
        told = [
            ("ce_specversion", b"1.0"),
            ("ce_id", str(self.id).encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_time", self.time.isoformat().encode()),
            ("content-type", b"application/json"),
        ]
        optional = (
            ("ce_causationid", self.causation_id),
            ("ce_correlationid", self.correlation_id),
            ("ce_expirytime", self.expires_at.isoformat() if self.expires_at else None),
            ("traceparent", self.traceparent),
            ("tracestate", self.tracestate),
        )
        return told + [(name, value.encode()) for name, value in optional if value]


def header(headers: Iterable[tuple[str, bytes | None]], name: str) -> str | None:
    """The last header of this name that is text; ``None`` when there is none."""
    found = None
    for key, value in headers:
        if key == name and value is not None:
            try:
                found = value.decode()
            except UnicodeDecodeError:
                continue
    return found


def heard_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """What the bus listens to, by name, in one pass; a header that is not text is absent."""
    found: dict[str, str] = {}
    for key, value in headers:
        if key in HEARD and value is not None:
            try:
                found[key] = value.decode()
            except UnicodeDecodeError:
                continue
    return found


@lru_cache(maxsize=1_024)
def time_from_ms(timestamp_ms: int) -> datetime:
    """A record's append time, as an aware time in UTC; the nearest that there is when a client made it up.

    Kept, since a broker stamps all records of a batch with one time.
    """
    return EPOCH + timedelta(milliseconds=min(max(timestamp_ms, 0), LATEST_MS))
