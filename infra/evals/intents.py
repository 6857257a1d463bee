"""Texts with their intents: CLINC150 and banking77, as their authors publish them."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.evals.study import Folders, Split, splits
from infra.local.recorded.reading import DataUnreadable, at_least_one, complain_of_absent
from schemas.asking import GENERAL

CLINC = "intents/clinc150.json.gz"
BANKING = "intents/banking77_{part}.csv.gz"
OUT_OF_SCOPE = "oos"
FOLDS_REPORTED = 2
"""Of ten: a fit for each takes seconds."""

Text = tuple[str, str]
"""A text, and its class; ``general`` is none of them."""


def clinc(folders: Folders) -> Split[Text]:
    """Learn from all of one folder and report on another's test part; else on the validation part of the same."""
    known = _clinc(folders.train)
    if folders.test is None:
        return Split([*known["train"], *known["oos_train"]], [*known["val"], *known["oos_val"]])
    learned = [text for name, part in known.items() if "test" not in name for text in part]
    asked = _clinc(folders.test)
    held = [name for name in asked if "test" in name] or list(asked)
    return Split(learned, [text for name in held for text in asked[name]])


def banking(folders: Folders) -> Iterator[Split[Text]]:
    """Learn from one folder and report on another; else on some of the folds."""
    known = _banking(folders.train, ("train", "test"))
    asked = _banking(folders.test, ("test", "train")) if folders.test else None
    for number, split in enumerate(splits(known, asked, lambda text: text[0])):
        if number < FOLDS_REPORTED:
            yield split


def few(texts: Iterable[Text], most: int | None) -> list[Text]:
    """The first so many of each class; of no class, all."""
    seen, kept = dict[str, int](), list[Text]()
    for text, task in texts:
        seen[task] = seen.get(task, 0) + 1
        if most is None or task == GENERAL or seen[task] <= most:
            kept.append((text, task))
    return kept


def _clinc(folder: Path) -> dict[str, list[Text]]:
    complain_of_absent(folder, [CLINC])
    try:
        parts: dict[str, list[list[str]]] = json.loads(gzip.decompress((folder / CLINC).read_bytes()))
        return {
            name: [(text, GENERAL if task == OUT_OF_SCOPE else task) for text, task in part]
            for name, part in parts.items()
        }
    except (OSError, EOFError, zlib.error, ValueError, AttributeError) as error:
        raise DataUnreadable(f"{folder / CLINC} cannot be read as texts with intents: {error}") from None


def _banking(folder: Path, parts: Iterable[str]) -> list[Text]:
    names = [BANKING.format(part=part) for part in parts]
    found = next((name for name in names if (folder / name).is_file()), names[0])
    complain_of_absent(folder, [found])
    try:
        with gzip.open(folder / found, "rt", encoding="utf-8", newline="") as lines:
            rows = [(row["text"], row["category"]) for row in at_least_one(csv.DictReader(lines), folder / found)]
    except (OSError, EOFError, zlib.error, ValueError, KeyError) as error:
        raise DataUnreadable(f"{folder / found} cannot be read as texts with categories: {error}") from None
    if cut := next((number for number, row in enumerate(rows, 1) if not all(row)), None):
        raise DataUnreadable(f"{folder / found}, row {cut}: a text without its category: the file is cut off")
    return rows
