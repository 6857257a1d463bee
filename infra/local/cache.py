"""Where downloads and builds are kept between clones: the user's cache directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def user_cache(*parts: str) -> Path:
    """The directory `<user's cache>/model-portfolio/<parts>`, made when absent (XDG base directory specification)."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    directory = Path(home, "model-portfolio", *parts)
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Hold a directory's lock, so that two processes do not download or build the same thing at once."""
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
