"""Prometheus's text format, as far as an operator's page needs it: each figure with its labels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(slots=True)
class ServiceFigures:
    """What one service tells of itself, its topics together."""

    service: str
    started: int = 0
    lag: int = 0
    heard: int = 0
    said: int = 0
    dead_letters: int = 0
    calls: int = 0


def figures(text: str) -> list[ServiceFigures]:
    """The figures of each service in an exposition, by name; a worker is named with its provider."""
    found: dict[str, ServiceFigures] = {}
    for name, labels, value in _samples(text):
        if (field := SHOWN.get(name)) and "service" in labels:
            service = ".".join(labels[label] for label in ("service", "provider") if label in labels)
            figure = found.setdefault(service, ServiceFigures(service))
            setattr(figure, field, getattr(figure, field) + int(value))
    return [found[service] for service in sorted(found)]


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for line in text.splitlines():
        if told := LINE.match(line):
            yield told["name"], dict(LABEL.findall(told["labels"])), float(told["value"])
