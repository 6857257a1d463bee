"""``erase``: the content of requests made unreadable, by deleting the keys that it is sealed under."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

import typer

from infra.objects.erasure import Erasure, Sealed
from infra.objects.failures import ObjectsAway
from schemas.content import Json
from schemas.operator import OperatorActed
from schemas.vocabulary import Deed
from services.console.adapters.terminal.screen import Screen
from services.console.app import ConsoleApp
from services.console.commands.options import AsJson, KafkaAt, console_app, user_name
from services.console.domain.failures import CannotReach, Misused

NOTHING = "nothing is kept under a key there: erased before, never sealed, or older than OBJECTS_KEEP_DAYS"
LINES = "where it is a line of a batch, it leaves the batch's files within a minute; one under way, once it has ended"


def erase(
    request: Annotated[str | None, typer.Argument(metavar="REQUEST", help="The request's id.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="All of this tenant's, with --before.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="DATE", help="Of the days before it, UTC.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased, and do nothing.")] = False,
    author: Annotated[str | None, typer.Option("--author", help="Who; your user name unless told.")] = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Make the content of sealed requests unreadable, for ever and everywhere.

    Deletes the data keys: in topics, tables, dead letters and the object store (OBJECTS_URL) nobody reads it again.
    Facts stay. It is recorded on operator.acted before it is done. What was not sealed is not touched, but for files of
    batches: the gateway hears the record, and takes a REQUEST that is a line of one out of its files.

    \b
    Examples:
      portfolio erase 7f1c9a52-3f0e-4a53-9a52-0d6c2f3b8e11
      portfolio erase --tenant acme --before 2026-11-01 --dry-run
    """
    choice = Choice(request, tenant, before)
    app = console_app(kafka=kafka)
    told = asyncio.run(done(app, choice, user_name(author), dry_run=dry_run))
    says = _shown(told, dry_run=dry_run) if told else f"{app.objects.url}: {NOTHING}"
    Screen(as_json=as_json).show(says if dry_run or tenant else f"{says}\n{LINES}", told)


class Choice:
    """Whose content: one request's, or a tenant's of some days. Raises :class:`Misused`."""

    def __init__(self, request: str | None, tenant: str | None, before: str | None) -> None:
        if (request is None) == (tenant is None) or (tenant is None) != (before is None):
            raise Misused("name one REQUEST, or --tenant with --before")
        self.request_id = _id(request) if request else None
        self.tenant = tenant
        self.before = _day(before) if before else None

    @property
    def told(self) -> str:
        """What is erased, for the record."""
        return str(self.request_id) if self.request_id else f"{self.tenant} before {self.before}"

    async def found(self, erasure: Erasure) -> list[Sealed]:
        if self.request_id is not None:
            return await erasure.of_request(self.request_id)
        return await erasure.of_tenant(self.tenant or "", self.before or date.min)


async def done(app: ConsoleApp, choice: Choice, by: str, *, dry_run: bool) -> list[Json]:
    """Record it, then erase. Raises :class:`CannotReach`: what cannot be recorded is not done.

    A request is recorded where it has no key, too: gateways take it out of files of batches.
    """
    try:
        found = await choice.found(app.erasure)
        if (found or choice.request_id) and not dry_run:
            deed = OperatorActed(by=by, deed=Deed.CONTENT_ERASED, on=choice.told, at=datetime.now(UTC))
            await app.partitions()  # a Kafka that is away is told before a producer is begun
            await app.say([deed])
            for each in found:
                await app.erasure.erase(each)
    except ObjectsAway as away:
        raise CannotReach(str(away)) from None
    return [{"request_id": str(e.request_id), "day": e.day.isoformat(), "erased": not dry_run} for e in found]


def _shown(told: Sequence[Json], *, dry_run: bool) -> str:
    lines = [f"{each['request_id']}  {each['day']}" for each in told]
    says = "would be erased" if dry_run else "erased: nobody can read its content any more"
    return "\n".join([*lines, f"{len(told)} {says}"])


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Misused(f'"{text}" is no request id: `portfolio show last` has the newest') from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misused(f'--before "{text}" is no day: say it as 2026-11-01') from None
