"""Grafana's boards and provisioning, read as strictly as Grafana's own schema and manual allow."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from source_tree import ROOT

from infra.local.cache import user_cache
from infra.local.jaeger.build import GoMissing, find_go

READER = ROOT / "tests" / "boards"
GRAFANA = ROOT / "infra" / "dashboards" / "grafana"
BOARDS = sorted(GRAFANA.glob("boards/*.json"))
BUILD_S = 240


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The strict reader in Go, from Grafana's generated types. Go keeps what it compiled."""
    built = tmp_path_factory.mktemp("boards") / "boards"
    try:
        go, environment = find_go(user_cache("boards"))
    except GoMissing:
        pytest.skip("Go is absent: `make jaeger` brings it")
    argv = [str(go), "build", "-trimpath", "-o", str(built), "."]
    done = subprocess.run(argv, cwd=READER, env=environment, capture_output=True, text=True, timeout=BUILD_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return built


def faults(reader: Path, *boards: Path) -> list[str]:
    done = subprocess.run([str(reader), *map(str, boards)], capture_output=True, text=True, timeout=60)
    assert done.returncode == bool(done.stdout), done.stderr
    return done.stdout.splitlines()


@pytest.mark.timeout(BUILD_S + 60)
def test_every_board_is_what_grafana_reads(reader: Path) -> None:
    assert BOARDS
    assert faults(reader, *BOARDS) == []


Fault = Callable[[dict[str, Any]], Any]
FAULTS: dict[str, Fault] = {
    "panels[0].Panel: unexpected field 'titel'": lambda board: board["panels"][0].update(titel="Lag"),
    "panels[0].Panel.gridPos.w: must be <= 24": lambda board: board["panels"][0]["gridPos"].update(w=25),
    "panels[0].options.Options: unexpected field": lambda board: board["panels"][0]["options"].update(colour="red"),
    "FieldConfig.defaults.min of": lambda board: board["panels"][0]["fieldConfig"]["defaults"].update(min="0"),
    "unexpected field 'minimum'": lambda board: board["panels"][0]["fieldConfig"]["defaults"].update(minimum=0),
    "targets[0].expr: required field is missing": lambda board: board["panels"][0]["targets"][0].pop("expr"),
    "no reader is registered for the type graf": lambda board: board["panels"][0].update(type="graf"),
    "templating: required field is missing": lambda board: board.pop("templating"),
}


@pytest.mark.timeout(BUILD_S + 60)
@pytest.mark.parametrize("said", FAULTS)
def test_what_grafana_would_not_read_is_found(reader: Path, tmp_path: Path, said: str) -> None:
    board = json.loads((GRAFANA / "boards" / "portfolio-pipeline.json").read_text())
    FAULTS[said](board)
    (tmp_path / "board.json").write_text(json.dumps(board))
    assert said in "\n".join(faults(reader, tmp_path / "board.json"))


class _Strict(BaseModel):
    """Only what Grafana's manual names."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Folder(_Strict):
    path: str


class _Boards(_Strict):
    name: str
    folder: str
    type: Literal["file"]
    disableDeletion: bool  # noqa: N815 - Grafana's word
    allowUiUpdates: bool  # noqa: N815
    options: _Folder


class _Source(_Strict):
    name: str
    uid: str
    type: Literal["prometheus"]
    access: Literal["proxy"]
    url: str
    isDefault: bool  # noqa: N815
    editable: bool


class _Provisioning(_Strict):
    apiVersion: Literal[1]  # noqa: N815
    providers: list[_Boards] = []
    datasources: list[_Source] = []


def provisioned(path: Path) -> _Provisioning:
    return _Provisioning.model_validate(YAML(typ="safe").load(path))


def test_provisioning_leads_to_the_boards_and_to_prometheus_where_compose_has_them() -> None:
    services = YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"]
    mounted = dict(volume.split(":")[1::-1] for volume in services["grafana"]["volumes"] if volume.startswith("./"))
    [boards] = provisioned(GRAFANA / "provisioning/dashboards/portfolio.yml").providers
    [source] = provisioned(GRAFANA / "provisioning/datasources/prometheus.yml").datasources

    assert (ROOT / mounted[boards.options.path]).samefile(GRAFANA / "boards")
    assert (ROOT / mounted["/etc/grafana/provisioning"]).samefile(GRAFANA / "provisioning")
    assert source.url == "http://prometheus:9090"
    assert "prometheus" in services


def test_provisioning_with_a_word_that_grafana_does_not_know_is_found(tmp_path: Path) -> None:
    text = (GRAFANA / "provisioning/dashboards/portfolio.yml").read_text()
    (tmp_path / "portfolio.yml").write_text(text.replace("disableDeletion", "disableDeletions"))
    with pytest.raises(ValidationError, match="disableDeletions"):
        provisioned(tmp_path / "portfolio.yml")
