"""What ``portfolio init`` writes works: put in force as it is, it answers."""

from pathlib import Path

import pytest
from model_servers import OLLAMA, answering
from own_ports import free_port

from infra.local.bus import bus_config
from infra.local.documents import read_portfolio
from infra.local.parts import Addresses
from infra.local.services import apply_portfolio
from pipeline.stack import Background, Services, new_database
from services.console.__main__ import main
from services.console.domain.vendors import KEYS


def test_the_portfolio_that_init_writes_answers(
    addresses: Addresses,
    background: Background,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "portfolio.yaml"
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TOPIC_PREFIX", "init.")
    monkeypatch.setenv("OBJECTS_URL", str(tmp_path / "objects"))
    with answering(OLLAMA) as url:
        assert main(["init", "--ollama", url, "--vllm", "127.0.0.1:1", "--output", str(file)]) == 0
        database = background.run(new_database(addresses.database, "init"))
        mine = Addresses(addresses.kafka, database, "", addresses.otlp, None)
        portfolio = read_portfolio(file)
        background.run(apply_portfolio(portfolio, mine, bus_config(mine)))
        services = Services(background, portfolio, mine, (free_port(), free_port()))
        try:
            services.start()
            assert main(["ask", "How many days has a leap year?", "--kafka", mine.kafka]) == 0
        finally:
            services.stop()

    assert "366 days." in capsys.readouterr().out
