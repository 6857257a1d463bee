"""The console as a service: what its pages show and do, by the same code as the commands."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from infra.background import begin
from infra.http_server import HttpServer, PortTaken
from infra.metrics.health import Health
from schemas.content import Body, Json
from schemas.operator import OperatorActed
from schemas.standing import BreakerChanged
from schemas.vocabulary import Deed
from services.console.adapters.health_ports import HealthPorts, PortStatus
from services.console.adapters.http_api import HttpApi
from services.console.adapters.jaeger import Jaeger
from services.console.adapters.kafka import kafka_answers
from services.console.app import SERVICE, ConsoleApp
from services.console.commands import breakers, contents, dead_letters, portfolios, reviews
from services.console.config import PagesConfig
from services.console.domain.contents import Piece
from services.console.domain.dead_letters import Act
from services.console.domain.failures import Refused
from services.console.domain.findings import Finding
from services.console.domain.keys import id_of, seconds_of, wish
from services.console.domain.portfolio_file import Reading, read
from services.console.domain.reviews import Review, last_answer, review_of
from services.console.domain.revisions import History, Signature
from services.console.domain.sign_in import holders
from services.console.domain.watching import HEALTH, PORTFOLIO
from services.console.domain.waterfall import Bar, waterfall
from services.console.loops import Watchers, run_hearing, run_telling
from services.console.routes.site import console_site

log = logging.getLogger(__name__)

STOP_GRACE_S = 5.0
START_S = 60.0
HEARD_S = 5.0
"""How long a page waits for what it said itself: Kafka gives it back in a moment."""
MOST = 200
"""Dead letters or deeds on a page, the newest first: no more letters than a form can name."""


class ConsolePages:
    """``url`` is where the pages are, once started. Implements ``Desk``."""

    def __init__(self, app: ConsoleApp, pages: PagesConfig) -> None:
        config = app.config
        self._pages = pages
        self._app = app
        self.watchers = Watchers()
        self.broken = asyncio.Event()
        self._stand = app.stand(lambda: self.watchers.touch((PORTFOLIO, HEALTH)), self.broken)
        self._loops: list[asyncio.Task[None]] = []
        self._ports = HealthPorts([url for url in pages.health_urls.split(",") if url.strip()], config.timeout_s)
        remedy = "set CONSOLE_JAEGER_URL"
        self._jaeger = Jaeger(HttpApi("Jaeger", config.jaeger, remedy, pages.trace_timeout_s))
        self._server: HttpServer | None = None
        self.holders = holders(pages.keys.get_secret_value())
        self.jaeger_pages = pages.jaeger_pages
        self.health = Health(SERVICE)

    @property
    def url(self) -> str:
        return self._server.url if self._server else ""

    async def start(self) -> None:
        """Read what stands on Kafka, and only then open the door."""
        async with kafka_answers(self._app.config.kafka, START_S):
            await self.health.after("its topic", self._app.create_own_topics())
            await self.health.after("the compacted topics", self._stand.start())
        await self._app.ledger_api.open()
        loops = (run_telling(self.watchers), run_hearing(self.watchers, self._app.event_log))
        self._loops = [begin(loop, self.broken, SERVICE) for loop in loops]
        pages = self._pages
        site = console_site(self, pages.session_secret.get_secret_value(), over_tls=pages.over_tls)
        self._server = HttpServer(site, pages.host, pages.port, prefix="CONSOLE", grace_s=STOP_GRACE_S)
        try:
            await self._server.start()
        except PortTaken as error:
            raise Refused(str(error)) from error
        log.info("pages at %s%s", self.url, "" if self.holders else "; nobody can sign in: CONSOLE_KEYS is empty")

    async def stop(self) -> None:
        self.watchers.close()
        if self._server is not None:
            await self._server.stop()
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._app.ledger_api.close()
        await self._stand.stop()

    def unready(self) -> str | None:
        return None if self._stand.history().current else "no portfolio has been applied yet"

    def history(self) -> History:
        return self._stand.history()

    def breakers(self) -> Sequence[BreakerChanged]:
        return self._stand.breakers()

    async def story(self, request_id: UUID) -> Json | None:
        return await self._app.ledger.story(request_id, patience_s=0)

    async def content(self, story: Mapping[str, Any], by: str) -> Sequence[Piece]:
        await self._record(by, Deed.CONTENT_SEEN, story["request"]["request_id"])
        return await contents.pieces_of(self._app, story)

    async def trace(self, trace_id: str) -> Sequence[Bar]:
        return waterfall(await self._jaeger.trace(trace_id, patience_s=0))

    async def requests(self, asked: Mapping[str, str]) -> Json:
        return await self._app.ledger.requests(asked)

    async def overview(self, since: datetime, until: datetime, tenant: str | None = None) -> Json:
        return await self._app.ledger.overview(since, until, tenant)

    async def tenants(self, since: datetime, until: datetime) -> Json:
        return await self._app.ledger.tenants(since, until)

    async def health_ports(self) -> Sequence[PortStatus]:
        return await self._ports.ask()

    async def deeds(self) -> Sequence[OperatorActed]:
        return sorted(await self._app.deeds(), key=lambda deed: deed.at, reverse=True)[:MOST]

    async def close_breaker(self, path: str, by: str) -> None:
        await self._record(by, Deed.BREAKER_CLOSED, path)
        closed = {event.subject: event.at for event in await breakers.close(self._app, path, by)}
        await self._stand.shows(
            lambda: all(each.at >= closed.get(each.subject, each.at) for each in self.breakers()), HEARD_S
        )

    def judge_portfolio(self, text: str) -> tuple[Reading, Sequence[Finding]]:
        reading = read(text)
        return reading, portfolios.findings_of(reading)

    async def apply_portfolio(self, text: str, expect: str, note: str | None, by: str) -> None:
        signature, reading = Signature(by, datetime.now(UTC), note), read(text)
        if reading.portfolio is not None:
            await self._record(by, Deed.PORTFOLIO_APPLIED, reading.portfolio.digest())
        told = await portfolios.put_in_force(self._app, reading, expect, signature)
        await self._shows(told["revision"])

    async def roll_back(self, revision: str, expect: str, note: str | None, by: str) -> None:
        await self._record(by, Deed.PORTFOLIO_ROLLED_BACK, revision)
        told = await portfolios.take_back(self._app, revision, expect, Signature(by, datetime.now(UTC), note))
        await self._shows(told["revision"])

    async def _shows(self, revision: str) -> None:
        await self._stand.shows(lambda: self.history().in_force == revision, HEARD_S)

    async def reviews(self) -> Mapping[UUID, Review]:
        return await self._app.reviews()

    async def review(self, request_id: UUID, by: str) -> Review:
        found = review_of(await self._app.reviews(), str(request_id))
        await self._record(by, Deed.REVIEW_SEEN, str(request_id))
        return await self._app.readable(found)

    async def claim_review(self, request_id: UUID, by: str) -> None:
        await self._record(by, Deed.REVIEW_CLAIMED, str(request_id))
        await reviews.take(self._app, str(request_id), by)

    async def give_review_back(self, request_id: UUID, by: str) -> None:
        await self._record(by, Deed.REVIEW_GIVEN_BACK, str(request_id))
        await reviews.give_back(self._app, str(request_id), by)

    async def answer_review(self, request_id: UUID, answer: Body | None, note: str | None, by: str) -> None:
        await self._record(by, Deed.REVIEW_ANSWERED, str(request_id))
        await reviews.speak(self._app, str(request_id), lambda review: answer or last_answer(review), note, by)

    async def reject_review(self, request_id: UUID, note: str, by: str) -> None:
        await self._record(by, Deed.REVIEW_REJECTED, str(request_id))
        await reviews.speak(self._app, str(request_id), lambda _: None, note, by)

    async def letters(self, words: Mapping[str, str], *, settled: bool) -> Sequence[Json]:
        service, topic, reason, since = (words.get(name) for name in ("service", "topic", "reason", "since"))
        cases = await dead_letters.find(self._app, dead_letters.choice_of(None, service, topic, reason, since))
        meant = dead_letters.listed(cases, settled=settled)
        newest = sorted(meant, key=lambda case: case.letter.at, reverse=True)[:MOST]
        return [dead_letters.told_of(case) for case in newest]

    async def settle_letters(self, names: Sequence[str], act: Act, by: str, *, dry_run: bool) -> Sequence[Json]:
        choice = dead_letters.choice_of(names, everything=False)
        if not dry_run:
            deed = Deed.LETTERS_REPLAYED if act is Act.REPLAYED else Deed.LETTERS_DROPPED
            await self._record(by, deed, ", ".join(names))
        return await dead_letters.settle(self._app, choice, act, by, dry_run)

    async def keys(self) -> Sequence[Json]:
        return await self._app.keys.all_of(None)

    async def create_key(self, words: Mapping[str, Any], by: str) -> Json:
        await self._record(by, Deed.KEY_CREATED, str(words.get("name", "")))
        return await self._app.keys.create(wish(words, datetime.now(UTC)))

    async def rotate_key(self, key: str, overlap: str, by: str) -> Json:
        key_id, overlap_s = id_of(key), seconds_of(overlap)
        await self._record(by, Deed.KEY_ROTATED, key)
        return await self._app.keys.rotate(key_id, overlap_s)

    async def revoke_key(self, key: str, by: str) -> None:
        key_id = id_of(key)
        await self._record(by, Deed.KEY_REVOKED, key)
        await self._app.keys.revoke(key_id)

    async def spending(self) -> Json:
        return await self._app.ledger.spending()

    async def scores(self) -> Json:
        """Without the errors of checks, which the ledger works out anew each time."""
        return await self._app.ledger.scores(datetime.now(UTC).isoformat())

    async def plans(self) -> Json:
        return await self._app.ledger.plans()

    async def _record(self, by: str, deed: Deed, on: str) -> None:
        """Said before it is done. Raises :class:`CannotReach`: what cannot be recorded is not done."""
        await self._app.say([OperatorActed(by=by, deed=deed, on=on, at=datetime.now(UTC))])


def build_pages(app: ConsoleApp, pages: PagesConfig) -> ConsolePages:
    """The console as a service, over what its commands use."""
    return ConsolePages(app, pages)
