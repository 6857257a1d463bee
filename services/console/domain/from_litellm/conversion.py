"""A LiteLLM proxy's configuration as a portfolio document, with all that is to be said of it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from schemas.references import as_list, as_mapping
from services.console.domain.from_litellm.clouds import clouds_of
from services.console.domain.from_litellm.config import (
    VARIABLES,
    Config,
    Entry,
    entries,
    number,
    setting,
    settings_told,
    whole,
)
from services.console.domain.from_litellm.deployments import (
    Connection,
    Deployment,
    Usual,
    deployment_of,
    is_direct,
    vendor_of,
)
from services.console.domain.from_litellm.document import (
    EVERYDAY,
    VECTORS,
    Endpoint,
    Lane,
    Model,
    Portfolio,
    rungs,
    written,
)
from services.console.domain.from_litellm.keys import free, keys_of, variables_named
from services.console.domain.from_litellm.lanes import (
    EVERYBODY,
    MOST_TIERS,
    TOO_LONG,
    Group,
    LaneOf,
    Named,
    Roads,
    aliases_in,
    fallbacks_by_group,
    groups_of,
    kept_beside,
    misshapen,
    misshapen_aliases,
    named,
    said_again,
    unknown_names,
)
from services.console.domain.from_litellm.shown import MODES
from services.console.domain.from_litellm.told import Fate, Told, together
from services.console.domain.from_litellm.weights import weights_of
from services.console.domain.local_models import name_of
from services.console.domain.vendors import VENDORS, Lookup, Vendor, first_listed

ROUTER, LIBRARY = "router_settings", "litellm_settings"
LATER = ("context_window_fallbacks", "content_policy_fallbacks")
MOST_NAMES = 10
TASKS = ("faq", "general", "code", "extraction", "tool_use", "translation")
WILD = "a portfolio names each model: write those that your clients ask into model_list, and convert again"
WILD_NAMED = "a portfolio names each model: {} stand for it here; add the others that your clients ask"
NOT_SERVED = "a model of {} is not served here: keep it where it is, beside the gateway"
TWICE = "the same deployment twice is one endpoint here"
ALIKE = "deployments that differ only in settings that have no counterpart are one endpoint here"
ENVIRONMENTS = (
    "{} differ in what only their workers' environments can hold (a web identity, an endpoint of AWS, ...): "
    "run each one's worker with values of its own"
)
MIXED = "a model answers chats or makes vectors, not both: the deployments of the other mode are left out"


@dataclass(frozen=True, slots=True)
class Source:
    """What a document is made from, beside the configuration. ``price_list``: LiteLLM's version, or empty."""

    file: str
    listed: Lookup
    price_list: str
    today: date


@dataclass(frozen=True, slots=True)
class Converted:
    """``document`` is ``None`` where no model is left to write one for. ``names``: what clients ask, and what it is."""

    document: str | None
    told: tuple[Told, ...]
    names: tuple[tuple[str, str, str], ...] = ()


def converted(config: Config, source: Source) -> Converted:
    """The portfolio of a configuration whose includes are merged. Never raises: what cannot be read is told."""
    found, told = entries(config)
    told += settings_told(config, found)
    plain, wild = _unfolded(found, source)
    deployments, remarks = _deployments(config, plain, source)
    groups, roads = groups_of(deployments), _roads(config)
    told += [*wild, *remarks, *_mixed(deployments, groups), *_misshapen(config)]
    told += unknown_names([each.name for each in groups], roads)
    if not groups:
        return Converted(None, together(told))
    names = named(groups, roads)
    return _composed(config, source, groups, names, [*told, *names.told])


def _composed(config: Config, source: Source, groups: Sequence[Group], names: Named, told: list[Told]) -> Converted:
    models, providers, twice = _models(groups, names, setting(config, "routing_strategy", ROUTER, LIBRARY))
    lanes, cut = _lanes(names, models)
    everything = together([*told, *twice, *cut])
    portfolio = Portfolio(
        file=source.file,
        today=source.today,
        price_list=source.price_list,
        providers=providers,
        models=tuple(models.values()),
        lanes=lanes,
        told=everything,
        retries=_whole(setting(config, "num_retries", ROUTER, LIBRARY)),
        open_s=number(setting(config, "cooldown_time", ROUTER)) or None,
    )
    return Converted(written(portfolio), everything, tuple(_asked(groups, names)))


def _whole(value: object) -> int | None:
    found = number(value)
    return None if found is None else int(found)


def _unfolded(found: Sequence[Entry], source: Source) -> tuple[list[Entry], list[Told]]:
    """Without wildcards: of a vendor that is known, its models of a first portfolio stand for all."""
    plain = [each for each in found if not _is_wild(each)]
    taken = {each.group for each in plain}
    told: list[Told] = []
    for entry in (each for each in found if _is_wild(each)):
        vendor = next((each for each in VENDORS if each.name == entry.model.partition("/")[0]), None)
        stand_ins = [] if vendor is None else list(_stand_ins(entry, vendor, source, taken))
        says = WILD_NAMED.format(" and ".join(each.group for each in stand_ins)) if stand_ins else WILD
        told.append(Told("model_list.model_name", Fate.TO_DO, says, (entry.group,)))
        plain += stand_ins
    return plain, told


def _is_wild(entry: Entry) -> bool:
    return EVERYBODY in entry.group or EVERYBODY in entry.model


def _stand_ins(entry: Entry, vendor: Vendor, source: Source, taken: set[str]) -> Iterator[Entry]:
    for names in (vendor.small, vendor.strong):
        model = first_listed(names, source.listed, source.today)
        if model is not None and (group := _asked_by(entry, model.model)) not in taken:
            taken.add(group)
            yield replace(entry, group=group, model=model.model)


def _asked_by(entry: Entry, model: str) -> str:
    """What clients ask for a model under a wildcard: what stands for the star of one stands for that of the other."""
    stands_for = model.removeprefix(entry.model.partition(EVERYBODY)[0])
    return entry.group.replace(EVERYBODY, stands_for, 1) if EVERYBODY in entry.group else name_of(model)


def _deployments(config: Config, found: Sequence[Entry], source: Source) -> tuple[list[Deployment], list[Told]]:
    usual = Usual(
        today=source.today,
        timeout_s=number(setting(config, "timeout", ROUTER)) or number(setting(config, "request_timeout", LIBRARY)),
        concurrency=whole(number(setting(config, "default_max_parallel_requests", ROUTER))),
    )
    vendors = [vendor_of(each, source.listed) for each in found]
    variables = as_mapping(config.get(VARIABLES))
    keys = keys_of(found, vendors, variables)
    taken = (*variables, *variables_named(found), *(each.name for each in keys if each.name))
    clouds, of_clouds = clouds_of(found, vendors, [*map(is_direct, found, vendors)], taken)
    parts = zip(found, keys, clouds, strict=True)
    made = [deployment_of(entry, key.name, cloud, source.listed, usual) for entry, key, cloud in parts]
    served = [each for each in made if each.serves]
    told = [key.told for key, each in zip(keys, made, strict=True) if key.told and each.serves]
    told += [*of_clouds, *(remark for each in served for remark in each.told)]
    return served, [*told, *(_not_served(each) for each in made if not each.serves)]


def _not_served(deployment: Deployment) -> Told:
    mode = f"the mode {deployment.mode}" if deployment.mode in MODES else "a mode that LiteLLM's list does not have"
    return Told("model_info.mode", Fate.MISSING, NOT_SERVED.format(mode), (deployment.group,))


def _mixed(deployments: Sequence[Deployment], groups: Sequence[Group]) -> Iterator[Told]:
    embeds = {each.name: each.embeds for each in groups}
    for each in deployments:
        if each.embeds != embeds[each.group]:
            yield Told("model_info.mode", Fate.MISSING, MIXED, (each.group,))


def _misshapen(config: Config) -> Iterator[Told]:
    for name in ("fallbacks", *LATER):
        if told := setting(config, name, ROUTER, LIBRARY):
            yield from misshapen(name, told)
            yield from said_again(name, told)
    yield from misshapen_aliases(as_mapping(config.get(ROUTER)).get("model_group_alias"))


def _roads(config: Config) -> Roads:
    def all_of(name: str) -> dict[str, tuple[str, ...]]:
        return fallbacks_by_group(setting(config, name, ROUTER, LIBRARY))

    fallbacks = all_of("fallbacks")
    default = setting(config, "default_fallbacks", ROUTER, LIBRARY)
    everybodys = tuple(each for each in as_list(default) if isinstance(each, str))
    everybodys = fallbacks.pop(EVERYBODY, everybodys)
    later: dict[str, tuple[str, ...]] = {}
    for name in LATER:
        for group, targets in all_of(name).items():
            later[group] = (*later.get(group, ()), *targets)
    return Roads(fallbacks, everybodys, later, aliases_in(as_mapping(config.get(ROUTER)).get("model_group_alias")))


def _models(
    groups: Sequence[Group], names: Named, strategy: object
) -> tuple[dict[str, Model], tuple[tuple[str, Connection], ...], list[Told]]:
    """All models by name, and the providers that their deployments need."""
    providers: dict[tuple[Connection, object], str] = {}
    taken: set[str] = set()
    models: dict[str, Model] = {}
    told: list[Told] = []
    lanes = {each.name for each in names.lanes}
    for group in groups:
        for level, deployments in enumerate(group.levels):
            name = names.models[group.name, level]
            endpoints = _shared(_endpoints(deployments, providers, taken), strategy)
            models[name] = Model(name, endpoints, None if group.name in lanes else kept_beside(group.name, name))
            if len(endpoints) < len(deployments):
                is_same = len({each.params for each in deployments}) == len(endpoints)
                told.append(Told("model_list", Fate.OTHERWISE, TWICE if is_same else ALIKE, (group.name,)))
    named_ones = tuple((name, connection) for (connection, _), name in providers.items())
    return models, named_ones, [*told, *_environments(named_ones)]


def _environments(providers: Sequence[tuple[str, Connection]]) -> Iterator[Told]:
    """The providers of one vendor whose workers cannot share an environment."""
    for vendor in dict.fromkeys(each.vendor for _, each in providers if each.environment):
        alike = [(name, each.environment) for name, each in providers if each.vendor == vendor]
        if len({environment for _, environment in alike}) > 1:
            names = ", ".join(name for name, _ in alike)
            yield Told("litellm_params", Fate.TO_DO, ENVIRONMENTS.format(names))


def _endpoints(
    deployments: Sequence[Deployment], providers: dict[tuple[Connection, object], str], taken: set[str]
) -> tuple[Endpoint, ...]:
    """One provider for all that is called alike, but limits are a deployment's own; and a model stands once at each."""
    found: dict[str, Endpoint] = {}
    for each in deployments:
        if (name := _called_already(each, found)) is not None:
            found[name] = _joined(found[name], each)
            continue
        own = (each.group, each.order, len(found))
        key: tuple[Connection, object] = (each.connection, own if each.connection.is_limited else None)
        if providers.get(key) in found:
            key = (each.connection, own)
        if key not in providers:
            providers[key] = free(each.connection.label, taken, "-")
        found[providers[key]] = Endpoint(providers[key], each)
    return tuple(found.values())


def _shared(endpoints: tuple[Endpoint, ...], strategy: object) -> tuple[Endpoint, ...]:
    """The endpoints with the weights by which they share requests."""
    weights = weights_of([each.deployment for each in endpoints], [each.times for each in endpoints], strategy)
    return tuple(replace(each, weight=weight) for each, weight in zip(endpoints, weights, strict=True))


def _called_already(each: Deployment, found: Mapping[str, Endpoint]) -> str | None:
    """The provider at which the same is called, where it has no limits, of which two have twice as much."""
    if each.connection.is_limited:
        return None
    others = ((name, endpoint.deployment) for name, endpoint in found.items())
    alike = (name for name, other in others if (each.connection, each.known) == (other.connection, other.known))
    return next(alike, None)


def _joined(endpoint: Endpoint, again: Deployment) -> Endpoint:
    """The endpoint, with the requests of another that is the same: a shuffle gives it the weights of both."""
    told = [each for each in (endpoint.deployment.weight, again.weight) if each is not None]
    joined = replace(endpoint.deployment, weight=sum(told) if told else None)
    return replace(endpoint, deployment=joined, times=endpoint.times + 1)


def _lanes(names: Named, models: dict[str, Model]) -> tuple[tuple[Lane, ...], list[Told]]:
    """The lanes of everyday first, then those that clients ask by name."""
    taken = set(names.taken)
    answering = [each for each in models.values() if not each.embeds]
    chats = [each for each in answering if not each.assumed] or answering
    vectors = [each for each in models.values() if each.embeds]
    lanes: list[Lane] = []
    if chats:
        lanes.append(Lane(free("simple", taken, "-"), EVERYDAY, rungs(chats), TASKS))
    if vectors:
        lanes.append(Lane(free("embeddings", taken, "-"), VECTORS, tuple((each,) for each in vectors), ("embeddings",)))
    told: list[Told] = []
    for each in names.lanes:
        tiers = [models[names.models[group.name, level]] for group in each.groups for level in range(len(group.levels))]
        lanes.append(_lane(each, tiers[:MOST_TIERS]))
        if left := [model.name for model in tiers[MOST_TIERS:]]:
            more = f" and {len(left) - MOST_NAMES} more" if len(left) > MOST_NAMES else ""
            says = f"{TOO_LONG}: {', '.join(left[:MOST_NAMES])}{more}"
            told.append(Told("fallbacks", Fate.MISSING, says, (each.name,)))
    return tuple(lanes), told


def _lane(of: LaneOf, tiers: Sequence[Model]) -> Lane:
    comment = f"  # What clients ask as {of.also_called or of.asked}: each tier where the one before it failed."
    return Lane(of.asked, comment, tuple((each,) for each in tiers), (), keeps_order=True, also_called=of.also_called)


def _asked(groups: Sequence[Group], names: Named) -> Iterator[tuple[str, str, str]]:
    """What clients ask with LiteLLM, whether it is a model or a lane here, and its name here."""
    lanes = {each.name: each.asked for each in names.lanes}
    for group in groups:
        if group.name not in lanes:
            yield group.name, "model", names.models[group.name, 0]
    yield from ((name, "lane", asked) for name, asked in lanes.items())
