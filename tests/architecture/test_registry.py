"""The registry of topics against the code: who says what, who hears what, and what handlers are called."""

import ast
import inspect
import re
from collections import defaultdict
from importlib import import_module
from typing import Any, get_type_hints

import pytest
from source_tree import SERVICES, dotted, modules

from infra.bus.bus import Bus
from infra.bus.lookback import Lookback
from infra.bus.standing import Standing
from schemas.fact import Event
from schemas.reaction import Reaction, Received
from schemas.topics import BY_EVENT, BY_NAME, REGISTRY
from schemas.wiring import WIRING, WITH_TOPICS

NOT_OF_AN_EVENT = {"on_unreadable"}
"""What a service makes of a record that is no event."""
SETTINGS = {
    "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/none",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "MODEL_WORKER_PROVIDER": "local",
}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def handlers_of(service: str) -> dict[str, Any]:
    try:
        module = import_module(f"services.{service}.handlers")
    except ModuleNotFoundError:
        return {}
    found = inspect.getmembers(module.Handlers, inspect.isfunction)
    return {name: function for name, function in found if name.startswith("on_")}


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, set[Any]]]:
    """What each service's bus is told to hear (with the handler's name) and what it searches or follows."""
    heard: list[tuple[str, type[Event]]] = []
    followed: list[type[Event]] = []
    init, search = Standing.__init__, Lookback.__init__

    def standing(self: Standing, config: Any, applies: Any, broken: Any) -> None:
        followed.extend(applies)
        init(self, config, applies, broken)

    def lookback(self: Lookback, config: Any, events: Any, broken: Any, **options: Any) -> None:
        followed.extend(events)
        search(self, config, events, broken, **options)

    def hears(self: Bus, event: type[Event], handler: Any, **options: Any) -> None:
        heard.append((handler.__name__, event))

    monkeypatch.setattr(Standing, "__init__", standing)
    monkeypatch.setattr(Lookback, "__init__", lookback)
    monkeypatch.setattr(Bus, "hears", hears)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    found: dict[str, dict[str, set[Any]]] = {}
    for service in sorted(WITH_TOPICS):
        heard.clear()
        followed.clear()
        build(service)
        found[service] = {"hears": set(heard), "follows": set(followed)}
    return found


def build(service: str) -> Any:
    """A service as its ``__main__`` builds it: nothing is connected yet."""
    app = import_module(f"services.{service}.app")
    config_type = next(iter(get_type_hints(app.build_app).values()))
    takes_settings = config_type.__module__ == f"services.{service}.config"
    return app.build_app(config_type()) if takes_settings else app.build_app()


def test_the_table_holds_the_topics_of_the_registry() -> None:
    assert set(WIRING) == {topic.name for topic in REGISTRY}


def test_a_topic_and_its_event_are_the_same_two_words() -> None:
    assert {topic.name: snake(topic.event.__name__).replace("_", ".") for topic in REGISTRY} == {
        name: name for name in BY_NAME
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_handler_is_named_after_its_event(service: str) -> None:
    for name, function in handlers_of(service).items():
        if name in NOT_OF_AN_EVENT:
            continue
        hints = get_type_hints(function)
        event, received = (parameter.name for parameter in list(inspect.signature(function).parameters.values())[1:])
        assert hints[event] in BY_EVENT, f"{service}.{name} hears {hints[event]}"
        assert name == f"on_{snake(hints[event].__name__)}"
        assert hints[received] is Received
        assert hints["return"] is Reaction
        assert not inspect.iscoroutinefunction(function)


def test_a_bus_hears_exactly_what_there_are_handlers_for(wired: dict[str, dict[str, set[Any]]]) -> None:
    for service, wiring in wired.items():
        told = {name for name, _ in wiring["hears"]}
        assert told == set(handlers_of(service)) - NOT_OF_AN_EVENT, service
        assert all(name == f"on_{snake(event.__name__)}" for name, event in wiring["hears"]), service


def test_services_hear_what_the_table_says(wired: dict[str, dict[str, set[Any]]]) -> None:
    hearers: dict[str, set[str]] = {name: set() for name in WIRING}
    for service, wiring in wired.items():
        for event in {event for _, event in wiring["hears"]} | wiring["follows"]:
            hearers[BY_EVENT[event].name].add(service)

    assert hearers == {name: wiring.heard_by for name, wiring in WIRING.items()}


def test_services_say_what_the_table_says() -> None:
    names = {event.__name__: BY_EVENT[event].name for event in BY_EVENT}
    speakers: dict[str, set[str]] = defaultdict(set)
    for service in SERVICES:
        for call in (call for module in modules("services", service) for call in module.calls):
            if isinstance(call.func, ast.Name) and (name := dotted(call.func)) in names:
                speakers[names[name]].add(service)

    assert dict(speakers) == {name: wiring.said_by for name, wiring in WIRING.items() if wiring.said_by}


def test_one_door_in_and_one_door_out() -> None:
    assert WIRING["request.submitted"].heard_by == {"profiler"}
    assert WIRING["request.completed"].said_by == WIRING["request.failed"].said_by == {"escalation"}


def test_compacted_topics_have_keys_of_their_own_and_else_only_what_people_read() -> None:
    others = {t.name for t in REGISTRY if not t.by_request}

    assert others - {topic.name for topic in REGISTRY if topic.compacted} == {"operator.acted"}
    assert WIRING["operator.acted"].heard_by == {"gateway"}, "which notes what is erased, in any order"
