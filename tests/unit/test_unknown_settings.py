"""A setting whose name is written wrong is told at the start: it would leave a door open in silence."""

import asyncio

import pytest

from infra.entry import App, run
from infra.metrics.config import HealthConfig
from infra.metrics.health import Health
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.unknown_settings import unknown_settings
from services.console.config import ConsoleConfig, PagesConfig
from services.gateway.config import GatewayConfig


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("GATEWAY_KEY", ["GATEWAY_KEY is no setting, and changes nothing: is GATEWAY_KEYS meant?"]),
        ("SEALING_KEY", ["SEALING_KEY is no setting, and changes nothing: is SEALING_KEYS meant?"]),
        ("GATEWAY_ZZZZZZ", ["GATEWAY_ZZZZZZ is no setting, and changes nothing"]),
        ("GATEWAY_KEYS", []),
        ("CONSOLE_LEDGER_URL", []),
        ("CONSOLE_SESSION_SECRET", []),
        ("LEDGER_PORT", []),
        ("KAFKA_HEAP_OPTS", []),
    ],
)
def test_a_name_under_our_prefixes_that_nobody_knows_is_told_with_the_nearest(name: str, told: list[str]) -> None:
    settings = (GatewayConfig, ObjectsConfig, SealingConfig, HealthConfig, ConsoleConfig, PagesConfig)
    assert unknown_settings({name: "open-sesame"}, settings) == told


class Idle:
    """A service that is told to stop as soon as it has started."""

    def __init__(self) -> None:
        self.health, self.broken = Health("router"), asyncio.Event()

    async def start(self) -> None:
        self.broken.set()

    async def stop(self) -> None:
        pass


def test_a_service_says_so_at_its_start(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("HEALTH_PROT", "open-sesame")

    async def build() -> App:
        return Idle()

    run(build)
    assert "HEALTH_PROT is no setting, and changes nothing: is HEALTH_PORT meant?" in caplog.messages
    assert "open-sesame" not in caplog.text
