"""``doctor``: what is wrong with a set-up, and how to mend it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from infra.store.roles import WITH_SCHEMA
from schemas.portfolio import Portfolio
from schemas.topics import topics_of
from services.console.adapters.terminal.screen import Screen
from services.console.adapters.terminal.tables import add, plain_table
from services.console.app import ConsoleApp
from services.console.commands.dead_letters import find
from services.console.commands.options import AsJson, KafkaAt, console_app
from services.console.config import variables_set
from services.console.domain import diagnosis
from services.console.domain.dead_letters import Choice, State
from services.console.domain.diagnosis import Health, Symptom
from services.console.domain.failures import CannotReach, CommandFailed, Refused
from services.console.domain.prudence import advice

Look = Callable[[], Awaitable[Sequence[Symptom]]]


def doctor(as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """Find what is wrong with a set-up, and say how to mend each.

    Looks at Kafka, topics, portfolio, services, keys, workers, dead letters, database, clock, object store,
    sealing keys and collector. Keys are never shown.
    Fails when anything is bad; advice alone is no failure.

    \b
    Examples:
      portfolio doctor
      portfolio doctor --json
    """
    found, away = asyncio.run(examine(console_app(kafka=kafka)))
    table = plain_table("part", "is", "what was found", "remedy", whole=("part", "is"))
    for each in found:
        add(table, each.part, each.health, each.says, each.remedy)
    Screen(as_json=as_json).show(table, [asdict(each) for each in found])
    if bad := [each.part for each in found if each.health is Health.BAD]:
        raise (CannotReach if away else Refused)(f"to be mended: {', '.join(bad)}", told=True)


async def examine(app: ConsoleApp) -> tuple[list[Symptom], bool]:
    """Everything that was found, and whether a part could not be reached."""
    found: list[Symptom] = []
    away = False
    looks: list[tuple[str, str, Look]] = [
        ("kafka", "KAFKA_BOOTSTRAP_SERVERS", lambda: on_kafka(app)),
        ("database", "DATABASE_URL", lambda: on_database(app)),
        ("objects", "OBJECTS_URL", lambda: on_objects(app)),
        ("collector", "OTEL_EXPORTER_OTLP_ENDPOINT", lambda: on_collector(app)),
    ]
    for part, variable, look in looks:
        try:
            found += await look()
        except CommandFailed as failure:
            away = away or isinstance(failure, CannotReach)
            remedy = f"start it, or set {variable} to where it is"
            found.append(Symptom(part, Health.BAD, str(failure), remedy))
    return diagnosis.together(found), away


async def on_kafka(app: ConsoleApp) -> list[Symptom]:
    """Kafka, and all that stands on it."""
    await app.partitions()
    current = (await app.history()).current
    portfolio = current.portfolio if current else None
    of_topics = [await _topics(app, portfolio), await _settings(app, portfolio)]
    found = [diagnosis.good("kafka", "it answers"), *of_topics, _portfolio(portfolio), await _services(app)]
    if portfolio is not None:
        found += [
            diagnosis.of_keys(portfolio, variables_set()),
            diagnosis.of_workers(portfolio.providers, await app.ready_providers()),
        ]
    now = datetime.now(UTC)
    waiting = [case.letter.name.service for case in await find(app, Choice()) if case.state(now) is State.OPEN]
    return [*found, diagnosis.of_letters(waiting)]


async def _topics(app: ConsoleApp, portfolio: Portfolio | None) -> Symptom:
    try:
        missing = await app.missing_topics(topics_of(portfolio))
    except Refused as unlike:
        return Symptom("topics", Health.BAD, str(unlike), "set TOPIC_PARTITIONS to what the cluster has")
    return diagnosis.of_topics([topic.name for topic in missing])


async def _services(app: ConsoleApp) -> Symptom:
    try:
        return diagnosis.of_services(await app.members(diagnosis.ON_THE_ROAD))
    except Refused as may_not:
        return diagnosis.unread_services(str(may_not))


async def _settings(app: ConsoleApp, portfolio: Portfolio | None) -> Symptom:
    try:
        unlike = await app.unlike_topics(topics_of(portfolio))
    except Refused as may_not:
        return diagnosis.unread_settings(str(may_not))
    wrong = [f"{each.topic} has {each.setting}={each.found}, not {each.wanted}" for each in unlike if each.wrong]
    return diagnosis.of_settings(wrong, len(unlike) - len(wrong))


def _portfolio(portfolio: Portfolio | None) -> Symptom:
    if portfolio is None:
        return diagnosis.of_portfolio(None, ())
    unwise = [each.says for each in advice(portfolio, datetime.now(UTC).date())]
    return diagnosis.of_portfolio(portfolio.digest(), unwise)


async def on_database(app: ConsoleApp) -> list[Symptom]:
    """The database, and its clock."""
    looked = await app.database()
    if looked is None:
        says = "DATABASE_URL is not set here, so it was not looked at"
        return [Symptom("database", Health.ADVICE, says, "set it as the services have it")]
    return [diagnosis.of_schemas(WITH_SCHEMA, looked.migrated), diagnosis.of_clock(looked.skew_s)]


async def on_objects(app: ConsoleApp) -> list[Symptom]:
    """The object store, and the keys that open what is sealed there."""
    found = await app.object_store()
    if found is None:
        says = "OBJECTS_URL is not set here, so it was not looked at"
        return [Symptom("objects", Health.ADVICE, says, "set it, and SEALING_KEYS, as the services have them")]
    store = diagnosis.good("objects", "it takes, gives and deletes")
    return [store, diagnosis.of_sealing(found.looked_at, found.opened, has_keys=app.has_sealing_keys)]


async def on_collector(app: ConsoleApp) -> list[Symptom]:
    """The receiver of spans."""
    if not await app.collector_takes_spans():
        says = "OTEL_EXPORTER_OTLP_ENDPOINT is not set here: services without it run untraced"
        return [Symptom("collector", Health.ADVICE, says, "set it to an OTLP receiver over HTTP")]
    return [diagnosis.good("collector", "it takes spans")]
