"""``profiler train``: a classifier of task classes, from the portfolio's examples and from labelled texts."""

import asyncio
import json
import pathlib
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.console.adapters.terminal.screen import Screen
from services.console.app import ConsoleApp
from services.console.commands.files import text_of
from services.console.commands.options import AsJson, KafkaAt, console_app
from services.console.commands.portfolios import FILE, File, valid_portfolio
from services.console.domain.failures import Misused, Refused
from services.console.domain.json_lines import lines_of
from services.console.domain.labelled import Gathering, Labelled, NotLabelled, examples_of, label_of
from services.console.domain.since import since as moment

OUT = pathlib.Path("classifier.npz")


def train(
    file: File = FILE,
    texts: Annotated[
        pathlib.Path | None,
        typer.Option("--texts", help='JSONL of labelled texts: {"text": "...", "task": "faq"}; `general` is no task.'),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Learn from requests since, too, whose task was named: 24h, 7d."),
    ] = None,
    out: Annotated[pathlib.Path, typer.Option("--out", help="Where to write what was learned.")] = OUT,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Learn to tell the portfolio's tasks by their examples, by labelled texts, and by requests that named theirs.

    Of requests in the log, only public and internal ones without personal data teach, the newest 300 of a task. What
    is written holds weights, and no text. The profiler uses the file that PROFILER_CLASSIFIER names, once it is
    started with it.

    \b
    Examples:
      portfolio profiler train
      portfolio profiler train --texts labelled.jsonl --out classifier.npz
      portfolio profiler train --since 7d --json
    """
    portfolio = valid_portfolio(file)
    tasks = portfolio.tasks
    labelled = [*examples_of(portfolio), *(_labelled(texts, tasks) if texts else ())]
    if since is not None:
        labelled += asyncio.run(_asked(console_app(kafka=kafka), moment(since, datetime.now(UTC)), tasks))
    told = {"file": str(out), "texts": len(labelled), **_learned(labelled, out)}
    says = f"{out}: classifier {told['version']} of {len(told['tasks'])} tasks, from {len(labelled)} texts"
    Screen(as_json=as_json).show(f"{says}. Start the profiler with PROFILER_CLASSIFIER={out}", told)


def profiler_commands() -> typer.Typer:
    """The commands under ``profiler``."""
    group = typer.Typer(help="What the profiler learns from.", no_args_is_help=True, rich_markup_mode=None)
    group.callback()(lambda: None)
    group.command("train")(train)
    return group


def _learned(labelled: list[Labelled], out: pathlib.Path) -> dict[str, object]:
    from infra.classifier.artefact import packed, version_of  # numpy and the vectors: only for this command
    from infra.classifier.training import TooFewTexts, learn
    from infra.classifier.vectors import VectorsMissing, word_vectors

    try:
        learned = learn(labelled, word_vectors())
        out.write_bytes(content := packed(learned))
    except (TooFewTexts, VectorsMissing) as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Misused(f"{out} cannot be written: {error.strerror}") from None
    tasks = list(learned.classes[: learned.centres.shape[1]])
    return {"version": version_of(content), "tasks": tasks, "sure": round(learned.sure, 3)}


async def _asked(app: ConsoleApp, start: datetime, tasks: Collection[str]) -> list[Labelled]:
    gathering = Gathering(tasks)
    await app.each_profiled(start, gathering.hear)
    return list(gathering.labelled())


def _labelled(path: pathlib.Path, tasks: Mapping[str, object]) -> Iterator[Labelled]:
    for number, line in enumerate(lines_of(text_of(path)), 1):
        if line.strip():
            try:
                yield label_of(json.loads(line), tasks)
            except (NotLabelled, ValueError, RecursionError) as error:
                says = error if isinstance(error, NotLabelled) else "it is no JSON"
                raise Refused(f"{path}, line {number}: {says}") from None
