"""For whoever starts a service as a process: a file that stays fresh while the started service's event loop turns."""

import asyncio
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType

TOUCH_EVERY_S = 1.0


class ReadyFile:
    """A context within which the running event loop touches a file every second; the file is gone after."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._next: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self._touch()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._next is not None:
            self._next.cancel()
        self._file.unlink(missing_ok=True)

    def _touch(self) -> None:
        self._file.touch()
        self._next = asyncio.get_running_loop().call_later(TOUCH_EVERY_S, self._touch)


def shown_ready() -> AbstractContextManager[None]:
    """The file that ``READY_FILE`` names; nothing when it names none."""
    name = os.environ.get("READY_FILE")
    return ReadyFile(Path(name)) if name else nullcontext()
