"""Dead letters, and what became of them: both stand on the same topics, as records that are only ever added to."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.topics import SERVICES, dead_letters_of
from services.console.domain.failures import Misused

NAME = re.compile(r"^(?P<service>[a-z-]+)@(?P<offset>\d{1,18})$")
LEASE = timedelta(seconds=60)
"""How long a claim keeps others from replaying the same letter."""


class Act(StrEnum):
    """What an operator did with a letter; each is a record on its topic."""

    CLAIMED = "claimed"
    REPLAYED = "replayed"
    DROPPED = "dropped"


class State(StrEnum):
    """What a letter is now."""

    OPEN = "open"
    REPLAYING = "replaying"
    REPLAYED = "replayed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, order=True)
class LetterName:
    """Where a letter stands: ``model-worker@12`` is offset 12 of ``dead-letters.model-worker``."""

    service: str
    offset: int

    def __str__(self) -> str:
        return f"{self.service}@{self.offset}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A letter without its content. ``topic`` is the logical name that it came from; ``at``: when it was put aside."""

    name: LetterName
    at: datetime
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    size: int
    headers: tuple[str, ...] = ()
    replay_of: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """An act on a letter. ``run`` names the command's run, so that it knows its own; ``at`` is the broker's time."""

    letter: LetterName
    act: Act
    run: str
    by: str
    at: datetime


@dataclass(slots=True)
class Case:
    """A letter, who holds it, and how it ended."""

    letter: DeadLetter
    holder: Deed | None = None
    end: Deed | None = None
    first_claim: Deed | None = None

    def state(self, now: datetime) -> State:
        """A claim that is older than the lease, and came to nothing, leaves the letter open."""
        if self.end is not None:
            return State(self.end.act.value)
        return State.REPLAYING if self.is_held(now) else State.OPEN

    def is_held(self, now: datetime) -> bool:
        """Whether somebody is replaying it: its claim is not over yet."""
        return self.holder is not None and now - self.holder.at <= LEASE

    def hear(self, deed: Deed) -> None:
        """What the log says next of it: the first claim holds, until its lease is over; the first end is the end."""
        if self.end is not None:
            return
        if deed.act is Act.REPLAYED or not self.is_held(deed.at):
            self._take(deed)

    def _take(self, deed: Deed) -> None:
        if deed.act is Act.CLAIMED:
            self.holder = deed
            self.first_claim = self.first_claim or deed
        else:
            self.end = deed


@dataclass(slots=True)
class Docket:
    """All cases, by letter, in the order of their topics."""

    cases: dict[LetterName, Case] = field(default_factory=dict[LetterName, Case])

    def hear(self, entry: DeadLetter | Deed) -> None:
        """One record of a dead-letter topic. A deed on a letter that retention has removed says nothing any more."""
        if isinstance(entry, DeadLetter):
            self.cases[entry.name] = Case(entry)
        elif case := self.cases.get(entry.letter):
            case.hear(entry)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant. What is empty or ``None`` chooses all; ``names`` and the filters must both hold."""

    names: tuple[LetterName, ...] = ()
    service: str | None = None
    topic: str | None = None
    reason: str | None = None
    since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing was said of which: every letter is meant."""
        return self == Choice()

    @property
    def services(self) -> tuple[str, ...]:
        """Whose dead letters have to be read, as :func:`letter_services` names them."""
        if self.names:
            return tuple(sorted({name.service for name in self.names}))
        return (self.service,) if self.service else letter_services()

    def of(self, cases: Iterable[Case]) -> list[Case]:
        """The cases that are meant."""
        return [case for case in cases if self._means(case.letter)]

    def _means(self, letter: DeadLetter) -> bool:
        wanted: Sequence[tuple[object, object]] = (
            (self.service, letter.name.service),
            (self.topic, letter.topic),
            (self.reason, letter.reason),
        )
        named = not self.names or letter.name in self.names
        recent = self.since is None or letter.at >= self.since
        return named and recent and all(want is None or want == found for want, found in wanted)


def letter_services() -> tuple[str, ...]:
    """The services as their dead letters' topics name them: ``model-worker``."""
    return tuple(dead_letters_of(service).partition(".")[2] for service in SERVICES)


def letter_service(text: str) -> str:
    """A service named by an operator. Raises :class:`Misused`."""
    service = text.replace("_", "-")
    if service not in letter_services():
        raise Misused(f'"{text}" is no service: it is one of {", ".join(letter_services())}')
    return service


def letter_name(text: str) -> LetterName:
    """``profiler@12``. Raises :class:`Misused`."""
    found = NAME.match(text)
    if found is None:
        raise Misused(f'"{text}" is no letter: `portfolio dead-letters list` names them, such as profiler@12')
    return LetterName(letter_service(found["service"]), int(found["offset"]))
