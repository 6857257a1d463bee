"""Circuit breakers as an operator sees them, and the word that closes one."""

from collections.abc import Sequence
from datetime import datetime

from schemas.standing import BreakerChanged
from schemas.vocabulary import BreakerState
from services.console.domain.failures import Misused, Refused

PROBES = "probes may pass"
UNTIL_RESET = "reset"
"""The end of an opening that nobody but an operator ends: one who resets it, or applies a revised portfolio."""


def state_of(event: BreakerChanged, now: datetime) -> str:
    """The state by the last word on a path: an opening whose time is over waits for its first probe."""
    if event.state == BreakerState.OPEN and event.until is not None and event.until <= now:
        return f"{event.state}, {PROBES}"
    return str(event.state)


def until_of(event: BreakerChanged) -> str | None:
    """Until when it is open, as a column says it; ``None`` for one that is not."""
    if event.until is not None:
        return f"{event.until:%Y-%m-%d %H:%M:%S}Z"
    return UNTIL_RESET if event.state == BreakerState.OPEN else None


def path_of(text: str) -> tuple[str, str]:
    """Model and provider of ``MODEL@PROVIDER``; no model in ``@PROVIDER``. Raises :class:`Misused`."""
    model, separator, provider = text.rpartition("@")
    if not separator or not provider:
        raise Misused(f'"{text}" is no model path: give MODEL@PROVIDER, or @PROVIDER for all of its paths')
    return model, provider


def closings(
    model: str, provider: str, stand: Sequence[BreakerChanged], author: str, at: datetime
) -> list[BreakerChanged]:
    """What closes a path, or all paths of a provider, as they stand. Raises :class:`Refused` when none is open."""
    meant = [event for event in stand if event.provider == provider and model in ("", event.model)]
    shut = [event for event in meant if event.state != BreakerState.CLOSED]
    if not shut:
        raise Refused(f"no breaker of {model}@{provider} is open: `portfolio breakers` lists them")
    return [
        BreakerChanged(
            model=event.model,
            provider=event.provider,
            state=BreakerState.CLOSED,
            reason="reset by hand",
            at=at,
            by=author,
        )
        for event in shut
    ]
