"""All services (or some) in one process: each with its own consumers, its own producer and its own schema."""

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import SecretStr

from infra.bus.config import BusConfig
from infra.bus.standing import Standing
from infra.entry import App, spare_the_collector
from infra.local.bus import bus_config, console_config
from infra.local.documents import PortfolioWrong
from infra.local.names import NAMES, WORKERS
from infra.local.own_kafka import REMEDY, TooBusy
from infra.local.parts import Addresses
from infra.metrics.config import HealthConfig
from infra.metrics.server import HealthServer
from infra.store.config import StoreConfig
from infra.telemetry.config import MetricPushConfig, TelemetryConfig
from infra.telemetry.metric_push import MetricPush
from schemas.portfolio import Portfolio
from schemas.standing import WorkerReady
from schemas.topics import topics_of
from schemas.variables import variables_of
from services.console.app import build_app as build_console
from services.console.commands.desk import build_pages
from services.console.config import ConsoleConfig, PagesConfig
from services.console.domain.revisions import Signature, applied
from services.escalation.app import build_app as build_escalation
from services.escalation.config import EscalationConfig
from services.gateway.app import build_app as build_gateway
from services.gateway.config import GatewayConfig, KeysPolicy
from services.ledger.app import build_app as build_ledger
from services.ledger.config import LedgerConfig
from services.model_worker.app import build_app as build_worker
from services.model_worker.config import ModelWorkerConfig
from services.profiler.app import build_app as build_profiler
from services.profiler.config import ProfilerConfig
from services.router.app import build_app as build_router
from services.validator.app import build_app as build_validator
from services.validator.config import ValidatorConfig

READY_S = 120.0


class AllServices:
    """Implements :class:`infra.entry.App` for the services of one process. ``broken`` is set when any service broke.

    They start from the inside out: workers, then what decides, then the gateway; and stop the other way round. A
    router that started before the workers would pass over those that are not there yet, for dearer ones. ``unset``:
    the providers without a worker, with the variables that each lacks.
    """

    def __init__(
        self,
        workers: Sequence[App],
        inner: Sequence[App],
        outer: Sequence[App],
        bus: BusConfig,
        providers: Iterable[str],
        health: HealthConfig,
        push: MetricPushConfig,
        unset: Mapping[str, Sequence[str]],
    ) -> None:
        self._workers = workers
        self._inner = inner
        self._outer = outer
        self._apps = (*workers, *inner, *outer)
        self.health = HealthServer(health, [app.health for app in self._apps])
        self._push = MetricPush(push, [app.health for app in self._apps])
        self._providers = set(providers)
        self.unset = unset
        self._served: set[str] = set()
        self.broken = asyncio.Event()
        self._ready = Standing(bus, {WorkerReady: self._on_worker}, self.broken)
        self._watch: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all; raises the first error, when all that start at the same time have settled."""
        await self.health.start()
        await self._push.start()
        await _start(self._workers)
        await self._until_served()
        await _start(self._inner)
        await _start(self._outer)
        self._watch = [asyncio.create_task(self._tell(app)) for app in self._apps]
        spare_the_collector()

    async def stop(self) -> None:
        """Stop all; each finishes what it began."""
        for task in self._watch:
            task.cancel()
        for app in self._apps:
            app.health.stopping()
        for apps in (self._outer, self._inner, self._workers):
            await asyncio.gather(*(app.stop() for app in apps), return_exceptions=True)
        await self._push.stop()
        await self.health.stop()

    async def _until_served(self) -> None:
        """Wait until each provider's worker has said that it is ready. Raises :class:`TooBusy`."""
        try:
            async with asyncio.timeout(READY_S):
                await self._ready.start()
                await self._ready.until(lambda: self._providers <= self._served)
        except TimeoutError as error:
            late = ", ".join(sorted(self._providers - self._served))
            raise TooBusy(f"the workers of {late} were not ready within {READY_S:g} s: {REMEDY}") from error
        finally:
            await self._ready.stop()

    def _on_worker(self, event: WorkerReady) -> None:
        (self._served.add if event.ready else self._served.discard)(event.provider)

    async def _tell(self, app: App) -> None:
        await app.broken.wait()
        self.broken.set()


async def _start(apps: Sequence[App]) -> None:
    for result in await asyncio.gather(*map(_start_one, apps), return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _start_one(app: App) -> None:
    await app.start()
    app.health.started()


async def apply_portfolio(portfolio: Portfolio, addresses: Addresses, bus: BusConfig) -> str:
    """Create the topics and put a portfolio in force, unless it is already; its revision."""
    console = build_console(console_config(addresses), bus)
    await console.create_topics(topics_of(portfolio))
    past = await console.history()
    revision = portfolio.digest()
    if past.in_force != revision:
        signature = Signature(author="infra.local", at=datetime.now(UTC))
        await console.say(applied(past, portfolio, past.in_force, signature))
    return revision


async def current_portfolio(addresses: Addresses) -> Portfolio:
    """The portfolio in force. Raises :class:`PortfolioWrong` when none was ever applied."""
    past = await build_console(ConsoleConfig(kafka=addresses.kafka), bus_config(addresses)).history()
    if past.current is None:
        raise PortfolioWrong("no portfolio has been applied yet: run `portfolio apply portfolio.yaml`")
    return past.current.portfolio


def build_all(
    portfolio: Portfolio,
    addresses: Addresses,
    gateway_port: int,
    ledger_port: int,
    health_port: int = 0,
    only: Collection[str] = NAMES,
    admin_key: str | None = None,
    pages: PagesConfig | None = None,
) -> AllServices:
    """Every service (or ``only`` these), and one model worker for each provider that can be called from here.

    All tell of themselves at one port. With ``admin_key`` the gateway's clients need keys, of which that is the first.
    With ``pages``, the console's are served, too.
    """
    keys = {"keys": KeysPolicy.REQUIRED, "admin_key": SecretStr(admin_key)} if admin_key else {}
    bus = bus_config(addresses)
    store = StoreConfig.model_validate({"database_url": addresses.database})
    telemetry = TelemetryConfig(otel_exporter_otlp_endpoint=addresses.otlp)
    environ = {**os.environ, "LOCAL_MODEL_URL": addresses.model}
    unset = variables_unset(portfolio, environ) if WORKERS in only else {}
    served = [name for name in portfolio.providers if name not in unset]
    here = served if WORKERS in only else ()
    workers = [build_worker(ModelWorkerConfig(provider=name), bus, store, telemetry, environ) for name in here]
    inner: dict[str, Callable[[], App]] = {
        "profiler": lambda: build_profiler(ProfilerConfig(), bus, store, telemetry),
        "router": lambda: build_router(bus, telemetry),
        "validator": lambda: build_validator(ValidatorConfig(), bus, telemetry),
        "escalation": lambda: build_escalation(EscalationConfig(), bus, store, telemetry),
        "ledger": lambda: build_ledger(LedgerConfig(port=ledger_port), bus, store, telemetry),
    }
    gateway = GatewayConfig.model_validate({"port": gateway_port, **keys})
    outer: list[App] = [build_gateway(gateway, bus, telemetry, store=store)] if "gateway" in only else []
    if pages is not None:
        outer.append(
            build_pages(build_console(_console_config(addresses, gateway_port, ledger_port, admin_key), bus), pages)
        )
    named = [build() for name, build in inner.items() if name in only]
    health = HealthConfig(port=health_port)
    return AllServices(workers, named, outer, bus, served, health, MetricPushConfig(), unset)


def variables_unset(portfolio: Portfolio, environ: Mapping[str, str]) -> dict[str, list[str]]:
    """Providers whose worker could not start, each with the variables that are not set, or empty."""
    unset = {
        name: sorted(variable for variable in variables_of(provider) if not environ.get(variable))
        for name, provider in portfolio.providers.items()
    }
    return {name: variables for name, variables in unset.items() if variables}


def told_of_unset(provider: str, variables: Sequence[str]) -> str:
    """In one line: what is missing, what that means, and how to go on."""
    names, are = " and ".join(variables), "are" if len(variables) > 1 else "is"
    return (
        f"provider {provider} has no worker: {names} {are} not set here. Its models are passed over; "
        f"set {'them' if len(variables) > 1 else 'it'} and start again, or start its worker where it is set: "
        f"python -m services.model_worker --provider {provider}"
    )


def _console_config(addresses: Addresses, gateway: int, ledger: int, admin_key: str | None) -> ConsoleConfig:
    told = ConsoleConfig(
        kafka=addresses.kafka,
        gateway=f"http://127.0.0.1:{gateway}",
        api_key=SecretStr(admin_key or ""),
        ledger=f"http://127.0.0.1:{ledger}",
    )
    return told.model_copy(update={"jaeger": addresses.jaeger}) if addresses.jaeger else told
