"""Files that a command is given. One that cannot be read is told in the same words, whichever command it is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.console.domain.failures import Misused

STDIN = "-"


def text_of(file: Path) -> str:
    """The text of a file, in UTF-8. Raises :class:`Misused` that names it and says why it cannot be read."""
    with _readable(str(file)):
        return file.read_text(encoding="utf-8")


def text_from(file: str) -> str:
    """As :func:`text_of`; :data:`STDIN` is standard input."""
    if file != STDIN:
        return text_of(Path(file))
    with _readable(file):
        return sys.stdin.read()


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{name} cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}") from error
