"""The folder of recorded answers, read: GSM8K as ZeroEval recorded it, and IFEval as M-IFEval did."""

import csv
import gzip
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from infra.local.recorded.question import Question, RecordedAnswer
from schemas.fact import Fact

Row = TypeVar("Row", bound=Fact)
Verdicts = dict[tuple[str, str], bool]
Answers = dict[str, dict[str, RecordedAnswer]]


class DataUnreadable(Exception):
    """The folder of recorded answers cannot be used; the message names what is missing, or the line that is wrong."""


class GsmQuestion(Fact):
    id: str
    prompt: str


class GsmResponse(Fact):
    id: str
    model: str
    response: str | None


class GsmOutcome(Fact):
    id: str
    model: str
    correct: Literal["0", "1"]


class IfevalPrompt(Fact):
    key: int
    prompt: str


class IfevalResponse(Fact):
    """``strict``: for each demand of the prompt, whether the text meets it as it stands."""

    key: int
    model: str
    response: str | None
    strict: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a set of questions lies in the folder, and how it is read."""

    files: tuple[str, ...]
    read: Callable[..., Iterator[Question]]


def read_sets(folder: Path) -> dict[str, list[Question]]:
    """The questions of every set, by the set's name. Raises :class:`DataUnreadable`."""
    complain_of_absent(folder, [file for source in SOURCES.values() for file in source.files])
    return {name: read_set(name, folder) for name in SOURCES}


def read_set(name: str, folder: Path) -> list[Question]:
    """The questions of one set. Raises :class:`DataUnreadable`."""
    source = SOURCES[name]
    complain_of_absent(folder, source.files)
    return list(source.read(*(folder / file for file in source.files)))


def complain_of_absent(folder: Path, expected: Sequence[str]) -> None:
    """Raises :class:`DataUnreadable` where a file is not there."""
    if not folder.is_dir():
        raise DataUnreadable(f"{folder} is no folder. DATA names a folder with: {', '.join(expected)}")
    if absent := [file for file in expected if not (folder / file).is_file()]:
        raise DataUnreadable(f"{folder} is no folder of recorded answers: it lacks {', '.join(absent)}")


def _gsm8k(questions: Path, responses: Path, outcomes: Path) -> Iterator[Question]:
    verdicts: Verdicts = {(row.id, row.model): row.correct == "1" for row in _csv_rows(outcomes, GsmOutcome)}
    answers: Answers = defaultdict(dict)
    for row in json_rows(responses, GsmResponse):
        right = verdicts.get((row.id, row.model))
        if row.response and right is not None:
            answers[row.id][row.model] = RecordedAnswer(row.response, right)
    for question in json_rows(questions, GsmQuestion):
        yield Question(question.id, question.prompt, answers[question.id])


def _ifeval(prompts: Path, responses: Path) -> Iterator[Question]:
    answers: Answers = defaultdict(dict)
    for row in json_rows(responses, IfevalResponse):
        if row.response and row.strict:
            answers[str(row.key)][row.model] = RecordedAnswer(row.response, all(row.strict))
    for prompt in json_rows(prompts, IfevalPrompt):
        yield Question(str(prompt.key), prompt.prompt, answers[str(prompt.key)])


SOURCES = {
    "gsm8k": Source(
        (
            "zeroeval/questions_gsm.jsonl.gz",
            "zeroeval/responses_gsm_8_models.jsonl.gz",
            "zeroeval/outcomes_gsm.csv.gz",
        ),
        _gsm8k,
    ),
    "ifeval": Source(("ifeval/prompts.jsonl.gz", "ifeval/responses_17_models.jsonl.gz"), _ifeval),
}


def json_rows(path: Path, row: type[Row]) -> Iterator[Row]:
    """The lines of a file, read; there is one at least. Raises :class:`DataUnreadable`."""
    for number, line in enumerate(at_least_one(lines_of(path), path), 1):
        yield _row(path, number, row.read, line)


def _csv_rows(path: Path, row: type[Row]) -> Iterator[Row]:
    reader = csv.DictReader(lines_of(path), restkey="beyond the last column")
    for fields in at_least_one(reader, path):
        yield _row(path, reader.line_num, row.of, fields)


def at_least_one(rows: Iterable[Any], path: Path) -> Iterator[Any]:
    """The same rows. Raises :class:`DataUnreadable` where there is none: an empty file measures nothing."""
    is_empty = True
    for row in rows:
        is_empty = False
        yield row
    if is_empty:
        raise DataUnreadable(f"{path} is empty: it has no row")


def _row(path: Path, number: int, read: Callable[[Any], Row], raw: Any) -> Row:
    try:
        return read(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise DataUnreadable(f"{path}, line {number}: {field}: {first['msg']}") from None


def lines_of(path: Path) -> Iterable[str]:
    """The lines of a text, under gzip where its name says so. Raises :class:`DataUnreadable`."""
    opened, how = (gzip.open, " under gzip") if path.suffix == ".gz" else (open, "")
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as lines:
            yield from lines
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataUnreadable(f"{path} cannot be read as text{how}: {error}") from None
