"""The provider's own book: a line of JSON when a call is asked, and one when it is ended, written at once.

Lines are whole though the process is killed between two of them; a reader leaves a torn last one out.
"""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID, uuid4

from schemas.attempt import Usage
from schemas.content import Json

NOT_BILLED = Usage()


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call. ``attempt_id`` is its Idempotency-Key; times are seconds since 1970 by the provider's clock.

    ``ended_at`` is ``None`` while it runs, and stays so when the provider itself was killed. ``status`` is ``None``
    when no response was given, ``usage`` what a 200 says of it. ``billed`` is what the provider puts on its bill,
    whoever heard the answer; ``heard`` says whether somebody was still listening at the end.
    """

    call: str
    attempt_id: UUID | None
    provider: str
    model: str | None
    case: str
    asked_at: float
    ended_at: float | None = None
    status: int | None = None
    usage: Any = None
    billed: Usage = NOT_BILLED
    heard: bool = False


class CallLog:
    """Appends to a file; with no path, keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = path.open("a", encoding="utf-8", buffering=1) if path else None

    def asked(self, attempt_id: str | None, provider: str, model: Any, case: str) -> str:
        """A call came; its number in this book."""
        call = str(uuid4())
        self._write(
            {"event": "asked", "call": call, "attempt": attempt_id, "provider": provider, "model": model, "case": case}
        )
        return call

    def ended(self, call: str, status: int | None, usage: Any, billed: Usage, heard: bool) -> None:
        """What came of it."""
        tokens = {"input_tokens": billed.input_tokens, "output_tokens": billed.output_tokens}
        self._write(
            {"event": "ended", "call": call, "status": status, "usage": usage, "billed": tokens, "heard": heard}
        )

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def _write(self, line: Json) -> None:
        if self._file:
            self._file.write(json.dumps({**line, "at": time.time()}) + "\n")


class CallReader:
    """Reads a book forward: only what was written since it last looked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0
        self._calls: dict[str, LoggedCall] = {}

    def running(self) -> int:
        """How many calls were asked and have not ended."""
        self._read()
        return sum(call.ended_at is None for call in self._calls.values())

    def take(self, *, ended_only: bool = False) -> list[LoggedCall]:
        """The calls that were not taken yet, in the order in which they were asked; those that have ended, if told."""
        self._read()
        taken = [call for call in self._calls.values() if call.ended_at is not None or not ended_only]
        for call in taken:
            del self._calls[call.call]
        return taken

    def _read(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._read_to)
            written = file.read()
        whole = written[: written.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in map(json.loads, whole.splitlines()):
            if line["event"] == "asked":
                self._calls[line["call"]] = _asked(line)
            else:
                self._calls[line["call"]] = _ended(self._calls[line["call"]], line)


def read_calls(path: Path) -> list[LoggedCall]:
    """All calls in the book so far, in the order in which they were asked."""
    return CallReader(path).take()


def _asked(line: Json) -> LoggedCall:
    attempt_id = UUID(line["attempt"]) if line["attempt"] else None
    return LoggedCall(line["call"], attempt_id, line["provider"], line["model"], line["case"], line["at"])


def _ended(call: LoggedCall, line: Json) -> LoggedCall:
    return replace(
        call,
        ended_at=line["at"],
        status=line["status"],
        usage=line["usage"],
        billed=Usage(**line["billed"]),
        heard=line["heard"],
    )
