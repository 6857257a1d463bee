"""What a run needs: its portfolio, the answers that each provider gives again (in a scratch folder), the requests."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from uuid import UUID

from infra.local.recorded.ladder import Rung, ladder_of
from infra.local.recorded.question import Question, chosen
from infra.local.recorded.reading import DataUnreadable
from schemas.portfolio import Portfolio
from schemas.providers import AdapterKind, Provider
from schemas.request import RequestSubmitted
from schemas.vocabulary import DataClass
from services.profiler.domain.classify import lane_of, risk_of


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The chosen questions of a set, each under its request's id, and the models of the lane that serves it."""

    name: str
    ladder: tuple[Rung, ...]
    asked: Mapping[UUID, Question]


@dataclass(frozen=True, slots=True)
class Material:
    """``requests``: ids and values for the intake topic, the sets in turn."""

    portfolio: Portfolio
    sets: tuple[QuestionSet, ...]
    requests: Sequence[tuple[UUID, bytes]]


def prepare(
    read: Mapping[str, Sequence[Question]], portfolio: Portfolio, count: int, folder: Path, new_id: Callable[[], UUID]
) -> Material:
    """Choose ``count`` questions of each set, and write the providers' files. Raises :class:`DataUnreadable`."""
    replaying = _answering_from(portfolio, folder)
    sets = tuple(_set(name, questions, ladder_for(portfolio, name), count, new_id) for name, questions in read.items())
    for name, provider in replaying.providers.items():
        lines = [line for each in sets for line in _recordings(each, name)]
        Path(provider.answers or "").write_text("".join(lines), encoding="utf-8")
    return Material(replaying, sets, [request for each in sets for request in _requests(each)])


def ladder_for(portfolio: Portfolio, task: str) -> tuple[Rung, ...]:
    """The models of the lane that the profiler chooses for a task."""
    asked = RequestSubmitted(messages=({"role": "user", "content": ""},), task=task)
    return ladder_of(portfolio, lane_of(asked, task, risk_of(asked, task, portfolio), portfolio).name)


def part_of(material: Material, count: int) -> Material:
    """The first questions of each set, under the same ids."""
    sets = tuple(replace(each, asked=dict(islice(each.asked.items(), count))) for each in material.sets)
    kept = {request_id for each in sets for request_id in each.asked}
    return Material(material.portfolio, sets, [request for request in material.requests if request[0] in kept])


def _answering_from(portfolio: Portfolio, folder: Path) -> Portfolio:
    """The portfolio, each provider of which gives again what this folder holds, whatever it calls in its own file."""
    providers = {
        name: Provider(
            adapter=AdapterKind.REPLAY,
            answers=str(folder / f"{name}.jsonl"),
            vendor=provider.vendor,
            region=provider.region,
        )
        for name, provider in portfolio.providers.items()
    }
    return portfolio.model_copy(update={"providers": providers})


def _set(
    name: str, questions: Sequence[Question], ladder: tuple[Rung, ...], count: int, new_id: Callable[[], UUID]
) -> QuestionSet:
    models = [rung.recorded for rung in ladder]
    found = chosen(questions, models, count)
    if not found:
        recorded = sorted({model for question in questions for model in question.answers})
        wanted = f"no question of {name} has an answer and a verdict of each of {', '.join(models)}"
        raise DataUnreadable(f"{wanted}. Recorded are: {', '.join(recorded)}")
    return QuestionSet(name, ladder, {new_id(): question for question in found})


def _recordings(each: QuestionSet, provider: str) -> Iterable[str]:
    """The lines of a provider's file, as ``services.model_worker.adapters.replay`` reads them."""
    for question in each.asked.values():
        for rung in each.ladder:
            if rung.provider == provider:
                message = {"role": "assistant", "content": question.answers[rung.recorded].text}
                asked = {"messages": _messages(question)}
                line = {"request": asked, "model": rung.model, "answers": [{"message": message}]}
                yield f"{json.dumps(line, ensure_ascii=False)}\n"


def _requests(each: QuestionSet) -> Iterable[tuple[UUID, bytes]]:
    for request_id, question in each.asked.items():
        request = RequestSubmitted(
            messages=tuple(_messages(question)),
            request_id=request_id,
            task=each.name,
            data_class=DataClass.PUBLIC,
            metadata={"name": f"{each.name} {question.id}"},
        )
        yield request_id, request.to_json()


def _messages(question: Question) -> list[dict[str, str]]:
    return [{"role": "user", "content": question.prompt}]
