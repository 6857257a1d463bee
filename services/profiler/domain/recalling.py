"""What the gateway's cache may do for a request: its answer taken from there, or kept there; or neither."""

from dataclasses import dataclass

from schemas.portfolio import Lane
from schemas.recall import PRIVATE, Keep, Recall, Recalled
from schemas.vocabulary import DataClass


@dataclass(frozen=True, slots=True)
class Recalling:
    """``found``: the answer to end with; ``keep``: where a new one goes. At most one of the two."""

    found: Recalled | None = None
    keep: Keep | None = None


NEITHER = Recalling()


def recalling(
    told: Recall | None, lane: str, serving: Lane, revision: str, data_class: DataClass, sensitive: tuple[str, ...]
) -> Recalling:
    """Whether the lane's cache holds requests such as this one. ``sensitive``: what was found in its text.

    A key of another revision than the one in force stands for another document's answers.
    """
    cache = serving.cache
    if told is None or cache is None or told.revision != revision or sensitive:
        return NEITHER
    if data_class in PRIVATE or data_class not in cache.data_classes:
        return NEITHER
    if told.found is not None and told.found.lane == lane:
        return Recalling(found=told.found)
    return Recalling(keep=Keep(key=told.key, for_s=cache.for_s))
