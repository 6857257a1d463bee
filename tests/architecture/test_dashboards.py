"""Rules and dashboards against the code: they ask only for what it tells, and every alert says how to mend it."""

import json
import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import promql_parser as promql
import pytest
from prometheus_programs import program
from ruamel.yaml import YAML
from source_tree import ROOT

from infra.metrics.measure import Measure
from schemas.wiring import WITH_TOPICS

FOLDER = ROOT / "infra" / "dashboards"
RULE_FILES, BOARDS = sorted(FOLDER.glob("rules/*.yml")), sorted(FOLDER.glob("grafana/boards/*.json"))
PROVISIONING = FOLDER / "grafana" / "provisioning"
SETTINGS = {
    "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/none",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
    "MODEL_WORKER_PROVIDER": "local",
}
OF_PROMETHEUS = {"up": set[str](), "process_cpu_seconds_total": set[str]()}
"""What Prometheus, and its client, tell of every process."""
OF_EACH_SCRAPE = {"job", "instance", "service", "provider"}


def yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The labels of every series that the services tell, as their ``app.py`` puts them together."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    found = dict(OF_PROMETHEUS)
    for service in sorted(set(WITH_TOPICS) - {"console"}):
        app = import_module(f"services.{service}.app")
        config = next(iter(get_type_hints(app.build_app).values()))
        own = config.__module__ == f"services.{service}.config"
        built = app.build_app(config()) if own else app.build_app()
        found |= dict(series for measure in built.health.measures for series in series_of(measure))
    return found


def series_of(measure: Measure) -> Iterator[tuple[str, set[str]]]:
    if measure.kind != "histogram":
        yield measure.name, set(measure.labels)
        return
    yield f"{measure.name}_bucket", {*measure.labels, "le"}
    yield f"{measure.name}_sum", set(measure.labels)
    yield f"{measure.name}_count", set(measure.labels)


def rules() -> list[dict[str, Any]]:
    return [rule for path in RULE_FILES for group in yaml(path)["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def panels() -> list[tuple[str, dict[str, Any]]]:
    boards = (json.loads(path.read_text()) for path in BOARDS)
    return [(f"{board['title']}: {panel['title']}", panel) for board in boards for panel in board["panels"]]


def asked() -> dict[str, str]:
    """Every expression, by where it stands."""
    return {rule.get("alert") or rule["record"]: rule["expr"] for rule in rules()} | asked_by_panels()


def asked_by_panels() -> dict[str, str]:
    return {f"{name} {target['refId']}": target["expr"] for name, panel in panels() for target in panel["targets"]}


def parts(expression: str) -> list[Any]:
    found: list[Any] = []
    promql.walk(promql.parse(expression), lambda node: found.append(node))
    return found


def selected(expression: str) -> set[str]:
    return {str(node.name) for node in parts(expression) if isinstance(node, promql.VectorSelector)}


def labels_used(expression: str) -> set[str]:
    """By matchers, and by what is kept or taken away when series are added up."""
    nodes = parts(expression)
    matched = {
        each.name for node in nodes if isinstance(node, promql.VectorSelector) for each in node.matchers.matchers
    }
    added_up = [node.modifier for node in nodes if isinstance(node, promql.AggregateExpr) and node.modifier]
    return matched.union(*(modifier.labels for modifier in added_up))


def recorded(told: dict[str, set[str]]) -> dict[str, set[str]]:
    """The series that the recording rules make, which keep what they add up by."""
    return {rule["record"]: labels_used(rule["expr"]) for rule in rules() if "record" in rule}


def test_only_what_the_services_tell_is_asked_for(told: dict[str, set[str]]) -> None:
    known = set(told) | set(recorded(told))
    assert {where: unknown for where, text in asked().items() if (unknown := selected(text) - known)} == {}


def test_only_labels_that_the_series_have_are_used(told: dict[str, set[str]]) -> None:
    known = told | recorded(told)
    for where, text in asked().items():
        there = OF_EACH_SCRAPE.union(*(known[name] for name in selected(text)))
        assert labels_used(text) <= there, where


def figure(series: str) -> str:
    """A histogram's name without what it is taken apart into."""
    return re.sub("_(bucket|sum|count)$", "", series)


def test_every_figure_of_ours_is_on_a_board_or_in_an_alert(told: dict[str, set[str]]) -> None:
    seen = set().union(*(selected(text) for text in asked().values()))
    assert {figure(name) for name in told} - {figure(name) for name in seen} == set()


def test_the_reference_lists_every_figure(told: dict[str, set[str]]) -> None:
    listed = set(re.findall(r"^\| `(portfolio_\w+)`", (ROOT / "docs/operating.md").read_text(), re.MULTILINE))
    assert listed == {figure(name) for name in set(told) - set(OF_PROMETHEUS)}


def test_names_are_given_once() -> None:
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert len(names) == len(set(names)) > 0
    uids = [json.loads(path.read_text())["uid"] for path in BOARDS]
    assert uids == [path.stem for path in BOARDS]


def test_every_alert_is_tried_in_quiet_and_in_alarm() -> None:
    tried = [told for case in yaml(FOLDER / "alerts_test.yml")["tests"] for told in case["alert_rule_test"]]
    names = {alert["alert"] for alert in alerts()}
    assert {told["alertname"] for told in tried if told["exp_alerts"]} == names
    assert {told["alertname"] for told in tried if not told["exp_alerts"]} == names


def promtool(*words: str) -> None:
    done = subprocess.run([program("promtool"), *words], cwd=FOLDER, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_configuration(tmp_path: Path) -> None:
    rules_here = (FOLDER / "prometheus.yml").read_text().replace("/etc/prometheus/rules", str(FOLDER / "rules"))
    (tmp_path / "prometheus.yml").write_text(rules_here)
    promtool("check", "config", str(tmp_path / "prometheus.yml"))


def test_each_alert_is_raised_when_it_should_be_and_not_before() -> None:
    promtool("test", "rules", "alerts_test.yml")


def test_prometheus_reads_what_each_panel_asks(tmp_path: Path) -> None:
    """As the rules of a group that nobody runs."""
    rules = [{"record": f"panel:{n}", "expr": text} for n, text in enumerate(asked_by_panels().values())]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(tmp_path / "panels.yml"))


def headings(path: Path) -> set[str]:
    """As GitHub and MkDocs make anchors of them."""
    found = re.findall(r"^##+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found}


def test_every_alert_leads_to_its_runbook() -> None:
    for alert in alerts():
        path, anchor = alert["annotations"]["runbook_url"].split("#")
        assert anchor in headings(ROOT / path), alert["alert"]
        assert alert["labels"]["severity"] in ("page", "ticket")


def test_every_runbook_has_an_alert_and_says_how_to_mend_it() -> None:
    text = (ROOT / "docs/runbooks.md").read_text()
    linked = {alert["annotations"]["runbook_url"].split("#")[1] for alert in alerts()}
    assert headings(ROOT / "docs/runbooks.md") == linked
    for section in text.split("\n## ")[1:]:
        assert all(f"**{part}**" in section for part in ("Means", "See more", "Mend")), section.splitlines()[0]


def test_every_panel_asks_the_provisioned_source_and_says_what_it_shows() -> None:
    uids = {source["uid"] for source in yaml(PROVISIONING / "datasources/prometheus.yml")["datasources"]}
    for name, panel in panels():
        assert panel["description"], name
        assert {panel["datasource"]["uid"], *(target["datasource"]["uid"] for target in panel["targets"])} <= uids, name


def test_panels_do_not_lie_over_each_other() -> None:
    for path in BOARDS:
        places = [panel["gridPos"] for panel in json.loads(path.read_text())["panels"]]
        cells = [
            (x, y)
            for at in places
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        ]
        assert len(cells) == len(set(cells)), path.name
