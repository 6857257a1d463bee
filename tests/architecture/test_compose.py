"""docker-compose.yml against the tree: a container for every service and provider, and no door open to the network."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from source_tree import modules

from schemas.topics import SERVICES

ROOT = Path(__file__).parents[2]
OFFICIAL = {
    "kafka": "apache/kafka",
    "postgres": "postgres",
    "jaeger": "jaegertracing/jaeger",
    "prometheus": "prom/prometheus",
    "grafana": "grafana/grafana",
}
ONCE = "apply"


@pytest.fixture(scope="module")
def containers() -> dict[str, Any]:
    return YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"]


def built(containers: dict[str, Any]) -> dict[str, str]:
    """The service that each container of ours runs, by the container's name."""
    arguments = {name: container.get("build", {}).get("args", {}) for name, container in containers.items()}
    return {name: told["SERVICE"] for name, told in arguments.items() if "SERVICE" in told}


def test_every_service_has_a_container(containers: dict[str, Any]) -> None:
    assert set(built(containers).values()) == set(SERVICES)


def test_jaeger_links_to_the_console_by_attributes_that_our_spans_have(containers: dict[str, Any]) -> None:
    jaeger = containers["jaeger"]
    [mount] = jaeger["volumes"]
    source, target, _ = mount.split(":")
    assert f"--set=extensions.jaeger_query.ui.config_file={target}" in jaeger["command"]
    code = "".join(module.path.read_text() for module in modules("infra") + modules("services"))
    for pattern in json.loads((ROOT / source).read_text())["linkPatterns"]:
        assert f'"{pattern["key"]}"' in code
        assert pattern["url"] == f"http://127.0.0.1:8082/requests/#{{{pattern['key']}}}"


def test_every_provider_has_a_worker_of_its_own(containers: dict[str, Any]) -> None:
    workers = [name for name, service in built(containers).items() if service == "model_worker"]
    providers = YAML(typ="safe").load(ROOT / "portfolio.yaml")["providers"]
    assert {containers[name]["environment"]["MODEL_WORKER_PROVIDER"] for name in workers} == set(providers)


def test_official_images_are_pinned(containers: dict[str, Any]) -> None:
    for name, image in OFFICIAL.items():
        repository, tag = containers[name]["image"].split(":")
        assert repository == image
        assert tag.removeprefix("v")[0].isdigit()


def test_ports_are_open_to_this_machine_only(containers: dict[str, Any]) -> None:
    ports = [port for container in containers.values() for port in container.get("ports", ())]
    assert len(ports) == 9
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_whatever_goes_on_is_started_again(containers: dict[str, Any]) -> None:
    assert {name for name, container in containers.items() if container["restart"] != "unless-stopped"} == {ONCE}


def test_our_containers_can_change_nothing_and_become_nobody(containers: dict[str, Any]) -> None:
    ours = [container for name, container in containers.items() if name not in OFFICIAL]
    assert ours
    for container in ours:
        assert container["read_only"] is True
        assert container["cap_drop"] == ["ALL"]
        assert container["security_opt"] == ["no-new-privileges:true"]


def test_none_can_take_all_memory_or_start_processes_without_end(containers: dict[str, Any]) -> None:
    assert [name for name, told in containers.items() if not (told.get("mem_limit") and told.get("pids_limit"))] == []


def test_whatever_is_no_door_can_be_scaled(containers: dict[str, Any]) -> None:
    """`--scale` asks for no name and no port of the host's; doors have a port each, and gateways a number each."""
    bound = {name for name in built(containers) if {"ports", "container_name"} & set(containers[name])}
    assert bound == {"gateway", "ledger", "console"}


def test_secrets_can_come_as_files_under_the_names_of_variables(containers: dict[str, Any]) -> None:
    told = YAML(typ="safe").load(ROOT / "infra/docker/secrets.yml")
    given = {name: set(each["secrets"]) for name, each in told["services"].items()}
    assert set().union(*given.values()) == set(told["secrets"])
    for secret in ("DATABASE_URL", "SEALING_KEYS"):
        takers = {name for name, each in containers.items() if secret in each.get("environment", ())}
        assert {name for name, names in given.items() if secret in names} == takers
    said = {name: set(containers[name]["environment"]) | {"POSTGRES_PASSWORD"} for name in given}
    assert [name for name, names in given.items() if not names <= said[name]] == []


def test_no_service_starts_before_the_portfolio_is_applied(containers: dict[str, Any]) -> None:
    """Straight after it, or after those that wait for it."""
    for name in set(built(containers)) - {ONCE}:
        awaited = containers[name]["depends_on"]
        assert ONCE in awaited or all(ONCE in containers[each]["depends_on"] for each in awaited), name


def test_kafka_is_stopped_after_all_that_use_it(containers: dict[str, Any]) -> None:
    """Compose stops in the reverse order, by what depends directly on what still runs: `apply` has ended by then."""
    for name in set(built(containers)) - {"gateway"}:
        assert "kafka" in containers[name]["depends_on"], name


def test_each_official_image_says_when_it_is_healthy(containers: dict[str, Any]) -> None:
    assert all(containers[name]["healthcheck"]["test"] for name in OFFICIAL)


def test_the_console_and_prometheus_ask_every_container_how_it_is(containers: dict[str, Any]) -> None:
    ours = set(built(containers)) - {ONCE}
    urls = containers["console"]["environment"]["CONSOLE_HEALTH_URLS"].split(",")
    assert set(urls) == {f"http://{name}:9464" for name in ours - {"console"}}
    scraped = YAML(typ="safe").load(ROOT / "infra/dashboards/prometheus.yml")["scrape_configs"][0]["dns_sd_configs"][0]
    assert (set(scraped["names"]), scraped["port"]) == (ours, 9464)


def test_what_is_mounted_from_the_tree_is_there(containers: dict[str, Any]) -> None:
    volumes = [volume for container in containers.values() for volume in container.get("volumes", ())]
    mounted = [volume.split(":")[0] for volume in volumes if volume.startswith("./")]
    assert [path for path in mounted if not (ROOT / path).exists()] == []
