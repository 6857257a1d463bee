"""infra/kubernetes against Kubernetes' own schemas, what each service reads, its image, and docker-compose.yml."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import kubernetes_validate
import pytest
from compose_file import containers, of_the_image, recipe
from put_together import put_together, read_by
from ruamel.yaml import YAML
from source_tree import ROOT

FOLDER = ROOT / "infra/kubernetes"
ITEMS = YAML(typ="safe").load(FOLDER / "portfolio.yaml")["items"]
GROUPS = YAML(typ="safe").load(ROOT / "infra/dashboards/rules/alerts.yml")["groups"]
ALERTS = [rule for group in GROUPS for rule in group["rules"]]
PAGE = (ROOT / "docs/how-to/run-on-kubernetes.md").read_text()
SECRETS = {
    "DATABASE_URL": "postgresql://portfolio:secret@postgres:5432/portfolio",
    "SEALING_KEYS": "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "GATEWAY_ADMIN_KEY": "an-admin-key-that-is-long-enough",
    "CONSOLE_KEYS": f"olga:operator:{'0' * 64}",
    "CONSOLE_API_KEY": "an-api-key-that-is-long-enough",
}
"""What the Secrets of the page hold, by a value that does."""
OF_ONE_MACHINE = {
    "CONSOLE_JAEGER_PAGES",
    "CONSOLE_JAEGER_URL",
    "LOCAL_MODEL_URL",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
}
"""What Compose says of containers that are not among these."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A workload's pods. ``environment`` is what the ConfigMap and the manifest say: no Secret is in it."""

    name: str
    workload: Mapping[str, Any]
    spec: Mapping[str, Any]
    environment: Mapping[str, str]

    @property
    def service(self) -> str:
        name = self.container["image"].removeprefix("model-portfolio/").partition(":")[0]
        return re.sub("-.*", "", name.replace("model-", "model_"))

    @property
    def container(self) -> Mapping[str, Any]:
        [only] = self.spec["containers"]
        return only


def pods() -> Iterator[Pod]:
    [shared] = [item["data"] for item in ITEMS if item["kind"] == "ConfigMap"]
    for item in ITEMS:
        if item["kind"] in ("Deployment", "StatefulSet", "Job"):
            spec = item["spec"]["template"]["spec"]
            own = {each["name"]: each.get("value", "0") for each in spec["containers"][0].get("env", ())}
            yield Pod(item["metadata"]["name"], item, spec, {**of_the_image(), **shared, **own})


PODS = list(pods())
EACH = pytest.mark.parametrize("pod", PODS, ids=lambda pod: pod.name)
RUNNING = pytest.mark.parametrize("pod", [pod for pod in PODS if pod.name != "apply"], ids=lambda pod: pod.name)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: f"{item['kind']} {item['metadata']['name']}")
def test_each_is_what_kubernetes_takes(item: dict[str, Any]) -> None:
    kubernetes_validate.validate(item, "1.30", strict=True)


@EACH
def test_each_variable_is_one_that_a_service_reads(pod: Pod) -> None:
    read = read_by(pod.service) | {"TOPIC_REPLICATION", "PYTHONUNBUFFERED", "OBJECTS_URL"}
    assert set(pod.environment) - read == set()


@RUNNING
def test_each_service_is_put_together_from_its_settings_and_secrets(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {name: value for name, value in SECRETS.items() if name in read_by(pod.service)}
    put_together(pod.service, {**pod.environment, **secrets}, monkeypatch)


def compose_tells(pod: Pod) -> set[str]:
    theirs = [each for each in containers() if each.service == pod.service and each.name != "apply"]
    return {name for each in theirs for name in each.environment}


@RUNNING
def test_each_is_told_all_that_compose_tells_it(pod: Pod) -> None:
    assert compose_tells(pod) - set(pod.environment) - set(SECRETS) - OF_ONE_MACHINE == set()


@EACH
def test_each_runs_as_the_user_of_its_image_and_may_do_nothing_else(pod: Pod) -> None:
    [uid] = re.findall(r"--uid (\d+)", recipe())
    assert pod.spec["securityContext"]["runAsUser"] == int(uid)
    assert pod.container["securityContext"]["readOnlyRootFilesystem"]
    assert not pod.spec["enableServiceLinks"], "GATEWAY_PORT and the like are settings of ours"
    assert not pod.spec["automountServiceAccountToken"]


@RUNNING
def test_each_is_asked_for_its_health_where_its_image_tells_it(pod: Pod) -> None:
    ports = {port["name"]: port["containerPort"] for port in pod.container["ports"]}
    assert ports["health"] == int(of_the_image()["HEALTH_PORT"])
    asked = {name: pod.container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {name: each["path"] for name, each in asked.items()} == {
        "startupProbe": "/live",
        "livenessProbe": "/live",
        "readinessProbe": "/ready",
    }
    ready = asked.pop("readinessProbe")
    assert {each["port"] for each in asked.values()} == {"health"}
    assert ready["port"] == ("http" if pod.name == "gateway" else "health"), "a gateway answers while Kafka is away"


def test_every_service_of_compose_is_among_them() -> None:
    assert {pod.service for pod in PODS} == {each.service for each in containers()}


def test_a_gateway_is_told_how_many_there_are() -> None:
    [gateway] = [pod for pod in PODS if pod.name == "gateway"]
    assert gateway.environment["GATEWAY_REPLICA_COUNT"] == str(gateway.workload["spec"]["replicas"])


def test_each_service_of_the_network_leads_to_pods_that_listen() -> None:
    listening = {pod.name: {port["name"] for port in pod.container.get("ports", ())} for pod in PODS}
    for item in ITEMS:
        if item["kind"] == "Service":
            name = item["spec"]["selector"]["app.kubernetes.io/name"]
            assert {port["targetPort"] for port in item["spec"]["ports"]} <= listening[name]


def test_the_console_asks_each_service_for_its_health() -> None:
    [console] = [pod for pod in PODS if pod.name == "console"]
    asked = set(re.findall(r"http://([\w-]+):9464", console.environment["CONSOLE_HEALTH_URLS"]))
    assert asked == {pod.name for pod in PODS} - {"apply", "console"}


@RUNNING
def test_the_page_names_each_secret_that_compose_tells_it(pod: Pod) -> None:
    needed = compose_tells(pod) & set(SECRETS)
    [row] = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{pod.name}`" in line]
    assert {name for name in needed if f"`{name}`" not in row} == set()


@EACH
def test_each_image_has_the_tag_of_this_version(pod: Pod) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert pod.container["image"].partition(":")[2] == version


def test_prometheus_gives_pods_the_job_that_alerts_ask_for() -> None:
    [alert] = [each for each in ALERTS if each.get("alert") == "PortfolioServiceUnreachable"]
    monitor, scraping = (YAML(typ="safe").load(FOLDER / name) for name in ("pod-monitor.yaml", "prometheus.yml"))
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    [job] = scraping["scrape_configs"]
    [relabelled] = [each["replacement"] for each in endpoint["relabelings"] if each["targetLabel"] == "job"]
    assert f'up{{job="{relabelled}"}}' in alert["expr"]
    assert job["job_name"] == relabelled
    assert endpoint["port"] == "health"


@RUNNING
def test_prometheus_finds_each_by_its_label(pod: Pod) -> None:
    monitor = YAML(typ="safe").load(FOLDER / "pod-monitor.yaml")
    labels = pod.workload["spec"]["template"]["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()


def who_may_reach(pod: Pod, port: str) -> list[Any]:
    """The peers that policies let in at a port; an empty rule lets in all."""
    labels = pod.workload["spec"]["template"]["metadata"]["labels"].items()
    policies = [item["spec"] for item in ITEMS if item["kind"] == "NetworkPolicy"]
    rules = [
        rule for each in policies if each["podSelector"]["matchLabels"].items() <= labels for rule in each["ingress"]
    ]
    return [rule.get("from", "all") for rule in rules if {"port": port} in rule["ports"]]


def test_only_the_console_may_ask_the_ledger_and_anybody_a_gateway() -> None:
    named = {pod.name: pod for pod in PODS}
    console = {"podSelector": {"matchLabels": named["console"].workload["spec"]["selector"]["matchLabels"]}}
    assert who_may_reach(named["ledger"], "http") == [[console]]
    assert who_may_reach(named["gateway"], "http") == ["all"]


@RUNNING
def test_health_is_for_the_console_and_prometheus(pod: Pod) -> None:
    [peers] = who_may_reach(pod, "health")
    assert sorted(kind for peer in peers for kind in peer) == ["namespaceSelector", "podSelector"]
