"""Commands that need more than the console may import, found by their entry points."""

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points

GROUP = "portfolio.commands"


def commands() -> Iterator[tuple[str, Callable[..., None]]]:
    """Each with its name. What a command needs it imports when it is called."""
    for entry in entry_points(group=GROUP):
        yield entry.name, entry.load()
