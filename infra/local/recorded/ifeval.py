"""IFEval's prompts with their instructions, and every answer with the verdict on each of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.recorded.reading import IfevalResponse, complain_of_absent, json_rows
from schemas.content import Json
from schemas.fact import Fact

FILES = ("ifeval/prompts.jsonl.gz", "ifeval/responses_17_models.jsonl.gz")


class InstructedPrompt(Fact):
    """A line of the prompts' file: instructions and their settings, in one order."""

    key: int
    prompt: str
    instruction_id_list: tuple[str, ...]
    kwargs: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """What a model said, and for each instruction whether the text meets it as it stands."""

    text: str
    strict: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class IfevalRow:
    """A prompt, its instructions with their settings, and the answers by the models' recorded names."""

    name: str
    prompt: str
    instructions: Sequence[tuple[str, Json]]
    answers: Mapping[str, JudgedAnswer]


def read_rows(folder: Path) -> list[IfevalRow]:
    """All prompts. Raises :class:`~infra.local.recorded.reading.DataUnreadable`."""
    complain_of_absent(folder, FILES)
    answers: dict[int, dict[str, JudgedAnswer]] = defaultdict(dict)
    for row in json_rows(folder / FILES[1], IfevalResponse):
        if row.response and row.strict:
            answers[row.key][row.model] = JudgedAnswer(row.response, row.strict)
    return [_row(prompt, answers[prompt.key]) for prompt in json_rows(folder / FILES[0], InstructedPrompt)]


def _row(prompt: InstructedPrompt, answers: Mapping[str, JudgedAnswer]) -> IfevalRow:
    told = list(zip(prompt.instruction_id_list, prompt.kwargs, strict=True))
    return IfevalRow(str(prompt.key), prompt.prompt, told, answers)
