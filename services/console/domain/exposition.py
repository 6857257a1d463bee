"""Prometheus's text format, as far as an operator's page needs it: each figure with its labels."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

LINE = re.compile(r"^(?P<name>portfolio_[a-z_]+)\{(?P<labels>[^}]*)\} (?P<value>\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
SHOWN = {
    "portfolio_consumer_lag_events": "lag",
    "portfolio_events_heard_total": "heard",
    "portfolio_events_said_total": "said",
    "portfolio_dead_letters_total": "dead_letters",
    "portfolio_calls_running": "calls",
    "portfolio_started": "started",
}
OF_PROVIDERS = frozenset(
    {
        "portfolio_provider_ready",
        "portfolio_calls_running",
        "portfolio_calls_limited",
        "portfolio_attempts_total",
        "portfolio_breaker_state",
    }
)


@dataclass(slots=True)
class ServiceFigures:
    """What one service tells of itself, its topics together. ``per_second``: events heard since the look before."""

    service: str
    started: int = 0
    lag: int = 0
    heard: int = 0
    said: int = 0
    dead_letters: int = 0
    calls: int = 0
    per_second: float | None = None


@dataclass(slots=True)
class ProviderFigures:
    """What router and workers tell of a provider. ``ready`` is ``None`` where no router told."""

    provider: str
    ready: bool | None = None
    running: int = 0
    limited: int = 0
    completed: int = 0
    failed: dict[str, int] = field(default_factory=dict[str, int])
    set_aside: list[str] = field(default_factory=list[str])


def figures(text: str) -> list[ServiceFigures]:
    """The figures of each service in an exposition, by name; a worker is named with its provider."""
    found: dict[str, ServiceFigures] = {}
    for name, labels, value in _samples(text):
        if (field := SHOWN.get(name)) and "service" in labels:
            service = ".".join(labels[label] for label in ("service", "provider") if label in labels)
            figure = found.setdefault(service, ServiceFigures(service))
            setattr(figure, field, getattr(figure, field) + int(value))
    return [found[service] for service in sorted(found)]


def rated(told: Sequence[ServiceFigures], before: Mapping[str, int], seconds: float) -> None:
    """Adds how many events each heard a second; not of one that started anew, or came since."""
    for each in told:
        more = each.heard - before.get(each.service, each.heard + 1)
        each.per_second = more / seconds if more >= 0 else None


def providers(texts: Iterable[str]) -> list[ProviderFigures]:
    """What all expositions together tell of each provider, by name."""
    found: dict[str, ProviderFigures] = {}
    for text in texts:
        for name, labels, value in _samples(text):
            provider = labels.get("provider") or labels.get("path", "").rpartition("@")[2]
            if provider and name in OF_PROVIDERS:
                _add(found.setdefault(provider, ProviderFigures(provider)), name, labels, int(value))
    return [found[provider] for provider in sorted(found)]


def _add(figure: ProviderFigures, name: str, labels: Mapping[str, str], value: int) -> None:
    match name:
        case "portfolio_provider_ready":
            figure.ready = bool(figure.ready) or value > 0
        case "portfolio_calls_running":
            figure.running += value
        case "portfolio_calls_limited":
            figure.limited += value
        case "portfolio_attempts_total":
            _count(figure, labels.get("outcome", ""), value)
        case "portfolio_breaker_state" if value and labels.get("state") != "closed":
            aside = f"{labels['path']} is {labels.get('state')}"
            figure.set_aside += [] if aside in figure.set_aside else [aside]
        case _:
            pass


def _count(figure: ProviderFigures, outcome: str, value: int) -> None:
    if outcome == "completed":
        figure.completed += value
    elif value:
        figure.failed[outcome] = figure.failed.get(outcome, 0) + value


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for line in text.splitlines():
        if told := LINE.match(line):
            yield told["name"], dict(LABEL.findall(told["labels"])), float(told["value"])
