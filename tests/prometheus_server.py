"""Debian's Prometheus over the rules and the boards of infra/dashboards, scraping what a test runs."""

import json
from pathlib import Path
from typing import Any

import httpx
from prometheus_programs import program
from ruamel.yaml import YAML

from infra.local.part import EmbeddedPart
from infra.local.processes import HOST, Program, http_ok

DASHBOARDS = Path(__file__).parents[1] / "infra" / "dashboards"
EVERY = "1s"


class Prometheus(EmbeddedPart):
    """It runs on the compose file's own configuration, with these addresses in the place of names, and more often."""

    def __init__(self, folder: Path, port: int, scraped: list[str]) -> None:
        super().__init__()
        self._folder, self._port, self._scraped = folder, port, scraped

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self._port}"

    def _configuration(self) -> dict[str, Any]:
        told = YAML(typ="safe").load(DASHBOARDS / "prometheus.yml")
        told["global"] = {"scrape_interval": EVERY, "evaluation_interval": EVERY}
        told["rule_files"] = [str(DASHBOARDS / "rules" / "*.yml")]
        [job] = told["scrape_configs"]
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": self._scraped}]
        return told

    def _prepare(self) -> Program:
        (self._folder / "prometheus.yml").write_text(json.dumps(self._configuration()))  # JSON is YAML
        return Program(
            name="Prometheus",
            argv=(
                program("prometheus"),
                f"--config.file={self._folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self._folder / 'data'}",
                f"--web.listen-address={HOST}:{self._port}",
            ),
            log=self._folder / "prometheus.log",
            ports=(self._port,),
            stop_grace_s=10,
        )

    def _answers(self) -> bool:
        return http_ok(self._port, "/-/ready")

    def _asked(self, path: str, **words: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.address}/api/v1/{path}", params=words, trust_env=False, timeout=10)
        assert answer.status_code == httpx.codes.OK, f"{words}: {answer.text}"
        return answer.json()["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression gives now."""
        return self._asked("query", query=expression)["result"]

    def firing(self) -> set[str]:
        return {each["labels"]["alertname"] for each in self._asked("alerts")["alerts"] if each["state"] == "firing"}


def panels() -> dict[str, str]:
    """What each panel of each board asks, by where it stands."""
    boards = (json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("grafana/boards/*.json")))
    return {
        f"{board['title']}: {panel['title']} {target['refId']}": target["expr"]
        for board in boards
        for panel in board["panels"]
        for target in panel["targets"]
    }
