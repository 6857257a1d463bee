"""Where in a JSON value something is wrong, and why, as a client is told of it."""

from pydantic_core import ErrorDetails, PydanticCustomError

Path = tuple[int | str, ...]
LONGEST_SHOWN = 64
"""Characters of a client's own word that are told back to it: more is no name of ours, nor near to one."""
BY_NAME = "by_name"


def shown(word: str) -> str:
    """A client's own word, as much of it as is told back."""
    return word if len(word) <= LONGEST_SHOWN else f"{word[:LONGEST_SHOWN]}..."


def place(path: Path) -> str:
    """A place as a client writes it: ``messages[0].role``. Names may be its own words, and are cut."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in path).removeprefix(".")


def wrong_at(name: str, why: str) -> PydanticCustomError:
    """What is wrong with one member of an object, for a validator of the whole object to raise."""
    return PydanticCustomError(BY_NAME, "{why}", {"why": why, "name": shown(name)})


def why_of(error: ErrorDetails) -> str:
    """What is wrong, in pydantic's words or a validator's own."""
    return error["msg"].removeprefix("Value error, ")
