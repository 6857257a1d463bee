"""What the parts of a portfolio document say of one another: every name that is used must be declared.

Reads the plain document (mappings and lists, as YAML or JSON gives them), so that a document with other faults can
still be told all of its loose ends. Whatever has the wrong shape is passed over: the document's own types say that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from schemas.connection import Settings, SettingsEnv, misfit
from schemas.next_actions import ACTIONS
from schemas.vocabulary import AUTO, GATEWAY, LANE_PREFIX, Action, Risk

CRITICAL_PRIORITY = 1
"""A lane of this priority or a more urgent one is critical, whatever its tasks are."""
ALWAYS_RUN = frozenset({"not_empty", "not_cut_off", "not_refused"})
"""The checks that every answer gets. Alone they verify nothing."""
SIGNALS = frozenset({"confidence"})
"""What models say of their own answers: it turns answers away, and vouches for none."""
OF_LENGTH = ("cut_off", "not_cut_off")
"""The reason and the check of an answer that was cut off."""
CONDITIONAL = frozenset({"format", "schema", "tool_calls", "demands"})
"""The checks that find nothing to check where a request asks for no form."""
AT_TIMES = frozenset({"citations", "grounded", "arithmetic", "language", "vectors"})
"""The checks that some answers give nothing to check: no sources, tool calls or sums, too little text, or no vectors.
"""
Path = tuple[str | int, ...]
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LooseEnd:
    """A reference that leads nowhere, or to two places. ``word`` is wrong; ``known`` are the right ones."""

    path: Path
    says: str
    word: str = ""
    known: tuple[str, ...] = ()


def loose_ends(document: Document, checks: Sequence[str] = ()) -> Iterator[LooseEnd]:
    """All of them, in no order that matters. ``checks`` are the names of the checks that exist."""
    yield from _in_defaults(document)
    yield from _in_models(document)
    for name, lane in _mapping(document, "lanes").items():
        yield from _in_lane(document, ("lanes", name), lane, checks)
    yield from _in_clients(document)
    yield from _tasks_of_two_lanes(document)
    yield from _lanes_without_a_cap(document)
    yield from _called_alike(document)


def _in_defaults(document: Document) -> Iterator[LooseEnd]:
    lane = _mapping(document, "defaults").get("lane")
    yield from _unknown(("defaults", "lane"), "lane", lane, _names(document, "lanes"))


def _in_models(document: Document) -> Iterator[LooseEnd]:
    models = _names(document, "models")
    for name, model in _mapping(document, "models").items():
        path: Path = ("models", name)
        successor = as_mapping(model).get("rollback_to")
        yield from _unknown((*path, "rollback_to"), "model", successor, models)
        if successor == name:
            yield LooseEnd((*path, "rollback_to"), "a model cannot be rolled back to itself")
        for task, prior in as_mapping(as_mapping(model).get("priors")).items():
            at: Path = (*path, "priors", task)
            yield from _unknown(at, "task", task, _names(document, "tasks"))
            yield from _in_confirmed((*at, "confirmed"), as_mapping(as_mapping(prior).get("confirmed")), models)
        yield from _in_endpoints(document, (*path, "endpoints"), as_list(as_mapping(model).get("endpoints")))


def _in_confirmed(path: Path, confirmed: Mapping[str, Any], models: tuple[str, ...]) -> Iterator[LooseEnd]:
    """Whoever agrees, and settles what two differ on, and whoever follows."""
    third = as_mapping(confirmed.get("third"))
    for at, its in ((path, confirmed), ((*path, "third"), third)):
        yield from _unknown((*at, "by"), "model", its.get("by"), models)
        for name in as_mapping(its.get("after")):
            yield from _unknown((*at, "after"), "model", name, models)


def _in_endpoints(document: Document, path: Path, endpoints: Sequence[Any]) -> Iterator[LooseEnd]:
    seen: set[str] = set()
    for index, endpoint in enumerate(endpoints):
        provider = as_mapping(endpoint).get("provider")
        at = (*path, index, "provider")
        yield from _unknown(at, "provider", provider, _names(document, "providers"))
        if isinstance(provider, str) and provider in seen:
            yield LooseEnd(at, f'a model stands once at a provider, and "{provider}" is named twice')
        seen.add(str(provider))
        yield from _of_another_cloud(document, (*path, index, "model"), as_mapping(endpoint))


def _of_another_cloud(document: Document, path: Path, endpoint: Mapping[str, Any]) -> Iterator[LooseEnd]:
    provider = as_mapping(_mapping(document, "providers").get(str(endpoint.get("provider"))))
    kinds = {"settings": Settings, "settings_env": SettingsEnv}
    told = [
        name for part, kind in kinds.items() for name in kind.model_fields if as_mapping(provider.get(part)).get(name)
    ]
    if isinstance(model := endpoint.get("model"), str) and (says := misfit(told, model)):
        yield LooseEnd(path, says)


def _in_lane(document: Document, path: Path, lane: object, checks: Sequence[str]) -> Iterator[LooseEnd]:
    entry = as_mapping(lane)
    for index, task in enumerate(as_list(entry.get("tasks"))):
        yield from _unknown((*path, "tasks", index), "task", task, _names(document, "tasks"))
    yield from _in_tiers(document, (*path, "tiers"), as_list(entry.get("tiers")))
    yield from _in_stream(document, (*path, "stream"), entry)
    yield from _in_mirror(document, (*path, "mirror", "lane"), as_mapping(entry.get("mirror")).get("lane"))
    for index, check in enumerate(as_list(entry.get("checks"))):
        yield from _in_check((*path, "checks", index), check, checks)
        yield from _in_policy_check((*path, "checks", index), check, _names(document, "policies"))
        yield from _in_judge_check((*path, "checks", index), check, _names(document, "models"))
    yield from _judged_alone(document, path, entry)
    if checks:
        for name in as_mapping(entry.get("on_fail")):
            yield from _unknown((*path, "on_fail", name), "check or reason", name, (*checks, *ACTIONS))
    yield from _longer_in_vain((*path, "on_fail"), as_mapping(entry.get("on_fail")))


def _longer_in_vain(path: Path, on_fail: Mapping[str, Any]) -> Iterator[LooseEnd]:
    for name, action in on_fail.items():
        if action == Action.LONGER and name not in OF_LENGTH:
            yield LooseEnd(
                (*path, name), "only an answer that was cut off is asked for at greater length: name another action"
            )


def _in_tiers(document: Document, path: Path, tiers: Sequence[Any]) -> Iterator[LooseEnd]:
    seen: dict[str, int] = {}
    for number, tier in enumerate(tiers):
        for index, model in enumerate(as_list(tier)):
            at = (*path, number, index)
            yield from _unknown(at, "model", model, _names(document, "models"))
            if isinstance(model, str) and model in seen:
                yield LooseEnd(at, f'"{model}" stands in tier {seen[model] + 1} of this lane already')
            seen.setdefault(str(model), number)


def _in_stream(document: Document, path: Path, entry: Mapping[str, Any]) -> Iterator[LooseEnd]:
    """What must be checked before anyone sees it is not shown while it is written."""
    if entry.get("stream") != "live":
        return
    tasks = _mapping(document, "tasks")
    risky = (
        str(task) for task in as_list(entry.get("tasks")) if as_mapping(tasks.get(str(task))).get("risk") == "high"
    )
    if task := next(risky, None):
        yield LooseEnd(path, f'task "{task}" is of high risk, whose answers are checked before anyone sees them')
    if any("policy" in (check, *as_mapping(check)) for check in as_list(entry.get("checks"))):
        yield LooseEnd(path, "a policy keeps answers from people, and a live one is seen before it is checked")
    if entry.get("reviews") is not None or "human" in as_mapping(entry.get("on_fail")).values():
        yield LooseEnd(path, "a person looks at what fails here, and a live answer is seen by its client before")


def _in_mirror(document: Document, path: Path, lane: object) -> Iterator[LooseEnd]:
    yield from _unknown(path, "lane", lane, _names(document, "lanes"))
    if lane == path[1]:
        yield LooseEnd(path, "a lane cannot mirror itself: name another one, with the tiers or checks to be measured")


def _in_check(path: Path, check: object, checks: Sequence[str]) -> Iterator[LooseEnd]:
    entry = as_mapping(check)
    if isinstance(check, Mapping) and len(entry) != 1:
        yield LooseEnd(path, "a check is a name, or one name with its settings: {citations: {min: 1}}")
    if checks:
        for name in [check] if isinstance(check, str) else entry:
            yield from _unknown(path, "check", name, tuple(checks))


def _in_policy_check(path: Path, check: object, policies: tuple[str, ...]) -> Iterator[LooseEnd]:
    pack = as_mapping(check).get("policy")
    if check == "policy" or ("policy" in as_mapping(check) and not isinstance(pack, str)):
        yield LooseEnd(path, "this check needs the name of one of policies: {policy: support}")
    yield from _unknown((*path, "policy"), "policy", pack, policies)


def _in_judge_check(path: Path, check: object, models: tuple[str, ...]) -> Iterator[LooseEnd]:
    judge = as_mapping(as_mapping(check).get("judge"))
    if check == "judge":
        yield LooseEnd(path, "this check needs the models to ask: {judge: {ask: [gpt-large]}}")
    for index, model in enumerate(as_list(judge.get("ask"))):
        yield from _unknown((*path, "judge", "ask", index), "model", model, models)


def _judged_alone(document: Document, path: Path, lane: Mapping[str, Any]) -> Iterator[LooseEnd]:
    """A judge errs as models do, so it may not be all that stands before an answer where being wrong is dear."""
    told = [[check] if isinstance(check, str) else [*as_mapping(check)] for check in as_list(lane.get("checks"))]
    gates = {str(name) for names in told for name in names} - ALWAYS_RUN - CONDITIONAL - SIGNALS
    if gates == {"judge"} and _is_critical(document, lane):
        says = "a judge may not be the only gate of a critical lane: add another check, such as citations or agreement"
        yield LooseEnd((*path, "checks"), says)


def _is_critical(document: Document, lane: Mapping[str, Any]) -> bool:
    """As :meth:`schemas.portfolio.Portfolio.is_critical` has it, of the plain document."""
    tasks = (as_mapping(_mapping(document, "tasks").get(str(task))) for task in as_list(lane.get("tasks")))
    priority = lane.get("priority")
    is_urgent = isinstance(priority, int) and priority <= CRITICAL_PRIORITY
    return is_urgent or any(task.get("risk") == Risk.HIGH for task in tasks)


def _in_clients(document: Document) -> Iterator[LooseEnd]:
    for name, client in _mapping(document, "clients").items():
        path: Path = ("clients", name)
        if name == GATEWAY:
            yield LooseEnd(path, f'"{GATEWAY}" is the product\'s own, whose API keys say who may send what')
        for index, lane in enumerate(as_list(as_mapping(client).get("lanes"))):
            yield from _unknown((*path, "lanes", index), "lane", lane, _names(document, "lanes"))


def _tasks_of_two_lanes(document: Document) -> Iterator[LooseEnd]:
    home: dict[str, str] = {}
    for name, lane in _mapping(document, "lanes").items():
        for index, task in enumerate(as_list(as_mapping(lane).get("tasks"))):
            if isinstance(task, str) and task in home:
                yield LooseEnd(
                    ("lanes", name, "tasks", index), f'a task has one lane, and "{task}" is in "{home[task]}" already'
                )
            home.setdefault(str(task), str(name))


def _lanes_without_a_cap(document: Document) -> Iterator[LooseEnd]:
    """What a request may cost is held of its tenant's budget, so that it must be known beforehand."""
    if not any(as_mapping(tenant) for tenant in _mapping(document, "tenants").values()):
        return
    for name, lane in _mapping(document, "lanes").items():
        if as_mapping(lane).get("budget_usd") is None:
            yield LooseEnd(("lanes", name), "a lane needs budget_usd where tenants have budgets: it is what is held")


def _called_alike(document: Document) -> Iterator[LooseEnd]:
    """An alias that a client could mean something else by."""
    own = {name: f"a {part[:-1]}'s name" for part in ("tasks", "lanes", "models") for name in _names(document, part)}
    meant = {**own, AUTO: "the portfolio's choice"}
    for part in ("models", "lanes"):
        for name, entry in _mapping(document, part).items():
            for index, alias in enumerate(as_list(as_mapping(entry).get("also_called"))):
                taken = "a lane's address" if str(alias).startswith(LANE_PREFIX) else meant.get(str(alias))
                if taken is not None:
                    yield LooseEnd((part, name, "also_called", index), f'"{alias}" is {taken} already: leave it out')
                meant.setdefault(str(alias), f'an alias of "{name}"')


def _unknown(path: Path, kind: str, word: object, known: tuple[str, ...]) -> Iterator[LooseEnd]:
    if isinstance(word, str) and word not in known:
        yield LooseEnd(path, f'there is no {kind} "{word}"', word, known)


def _names(document: Document, part: str) -> tuple[str, ...]:
    return tuple(str(name) for name in _mapping(document, part))


def _mapping(document: Document, part: str) -> Mapping[str, Any]:
    return as_mapping(document.get(part))


def as_mapping(value: object) -> Mapping[str, Any]:
    """A part of a document that should be a mapping; nothing where it is something else, which is told by others."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def as_list(value: object) -> Sequence[Any]:
    """The same of a list."""
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()
