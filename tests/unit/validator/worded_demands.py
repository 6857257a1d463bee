"""What the finder of demands makes of wordings that it was not written by.

``python -m tests.unit.validator.worded_demands`` prints how many demands of each half are found, kind and value, what
is found beside them, and how many near misses raise an alarm. Reads ``worded_demands.yaml``; needs no data set.
"""

import json
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML

from services.validator.domain.demands import Asked
from services.validator.domain.found_demands import found_in

FILE = Path(__file__).with_suffix(".yaml")
SAID_AGAIN = {"repeat": "starts_with"}


@dataclass(frozen=True, slots=True)
class Worded:
    """A prompt, and the demands that its words make: none for a near miss."""

    written: str
    prompt: str
    demands: tuple[Asked, ...]

    @property
    def is_looked_at(self) -> bool:
        """Whether the finder was mended with this prompt in sight."""
        return zlib.crc32(self.prompt.encode()) % 2 == 0

    @property
    def asked(self) -> set[str]:
        """Its demands, so that two of one meaning are equal."""
        return {levelled(demand) for demand in self.demands}

    @property
    def found(self) -> set[str]:
        """What the finder finds, likewise."""
        return {levelled(demand) for demand in found_in(self.prompt)}


def levelled(demand: Asked) -> str:
    """A demand without case and without an order of texts."""
    name, settings = demand
    told = {
        key: sorted({text.lower() for text in cast("Sequence[str]", value)})
        if isinstance(value, list | tuple)
        else value
        for key, value in settings.items()
    }
    return json.dumps([name, told], sort_keys=True).lower()


def all_worded() -> tuple[Worded, ...]:
    """All prompts of the file, in its order."""
    read: Mapping[str, Any] = YAML(typ="safe").load(FILE)  # pyright: ignore[reportUnknownMemberType]
    return tuple(one for written, parts in read.items() for one in _worded(written, parts))


def _worded(written: str, parts: Mapping[str, Any]) -> Iterator[Worded]:
    for kind, prompts in parts["demands"].items():
        for prompt, told in prompts.items():
            yield Worded(written, prompt, tuple(_demands(kind, told)))
    for prompts in parts["nothing"].values():
        yield from (Worded(written, prompt, ()) for prompt in prompts)


def _demands(kind: str, told: Any) -> Iterator[Asked]:
    if kind == "several":
        yield from told.items()
    else:
        yield from ((SAID_AGAIN.get(kind, kind), one) for one in (told if isinstance(told, list) else [told]))


def figures(worded: Sequence[Worded]) -> str:
    """How much is found, and how much wrongly."""
    asking, silent = [one for one in worded if one.demands], [one for one in worded if not one.demands]
    asked = sum(len(one.asked) for one in asking)
    hit = sum(len(one.asked & one.found) for one in asking)
    beside = sum(len(one.found - one.asked) for one in asking)
    alarms = sum(bool(one.found) for one in silent)
    return (
        f"{len(asking)} prompts: {hit} of {asked} demands found, {beside} others beside them; "
        f"{alarms} of {len(silent)} near misses raise an alarm"
    )


def main() -> None:
    """Print the figures of each half of each part."""
    worded = all_worded()
    for written in dict.fromkeys(one.written for one in worded):
        for seen in (True, False):
            part = [one for one in worded if one.written == written and one.is_looked_at == seen]
            sys.stdout.write(f"{written} part, {'looked at' if seen else 'only measured'}: {figures(part)}\n")


if __name__ == "__main__":
    main()
