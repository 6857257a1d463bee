"""Groups, fallbacks and aliases of LiteLLM's as models and lanes, which clients ask by the same names."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.asking import AUTO, LANE_PREFIX
from schemas.portfolio import MOST_ATTEMPTS
from schemas.references import as_list, as_mapping
from services.console.domain.from_litellm.deployments import Deployment
from services.console.domain.from_litellm.keys import free
from services.console.domain.from_litellm.told import Fate, Told

LONGEST_NAME, LONGEST_ALIAS = 100, 200
MOST_TIERS = MOST_ATTEMPTS
EVERYBODY = "*"
NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NOT_THERE = "there is no such group in model_list that the portfolio serves: it is left out"
TARGET_NOT_THERE = "number {} of its fallbacks: " + NOT_THERE
ALIASED_NOT_THERE = "of the group that it stands for: " + NOT_THERE
NO_FALLBACK = "no fallback can be read here, such as {gpt-4o: [claude]}: it is left out"
NO_ALIAS = "an alias names a group, as in {gpt-4: gpt-4o}, or {gpt-4: {model: gpt-4o}}: it is left out"
ALIASES = "router_settings.model_group_alias"
NO_STAND_IN = "vectors of two models cannot be compared: an embedding group has no fallback here"
VECTORS_AMONG_CHATS = "number {} of its fallbacks makes vectors, and answers no chat: it is left out"
ITS_GROUPS = "LiteLLM has fallbacks of an alias for itself alone; here it has its group's"
AGAIN = "LiteLLM takes a group's first entry, and so does this: the others are left out"
TOO_LONG = f"a lane has {MOST_TIERS} tiers at most here: these come after, and are left out"


@dataclass(frozen=True, slots=True)
class Group:
    """A model group: its deployments by ``order``, the lowest first. Each level is a model of the portfolio."""

    name: str
    levels: tuple[tuple[Deployment, ...], ...]

    @property
    def embeds(self) -> bool:
        """Whether it makes vectors of texts."""
        return self.levels[0][0].embeds

    @property
    def assumed(self) -> bool:
        """Whether nothing says that it answers chats."""
        return all(each.assumed for level in self.levels for each in level)


@dataclass(frozen=True, slots=True)
class Roads:
    """Where a group's requests go after it: its fallbacks by name, those of all others, and other names of groups."""

    fallbacks: Mapping[str, tuple[str, ...]]
    everybodys: tuple[str, ...]
    later: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, str]

    def group_of(self, name: str) -> str:
        """The group that a name stands for."""
        return self.aliases.get(name, name)

    def fallbacks_of(self, name: str) -> tuple[str, ...]:
        """Those of a name that is asked. LiteLLM has those of an alias alone; one that has none keeps its group's."""
        own = self.fallbacks.get(name)
        return own if own is not None else self.everybodys or self.fallbacks.get(self.group_of(name), ())

    def later_of(self, name: str) -> tuple[str, ...]:
        """Those that come after them."""
        return self.later.get(name, self.later.get(self.group_of(name), ()))

    def has_its_groups(self, alias: str) -> bool:
        """Whether an alias has fallbacks that LiteLLM gives to its group alone."""
        group = self.group_of(alias)
        keeps = alias not in self.fallbacks and not self.everybodys and bool(self.fallbacks.get(group))
        return keeps or (alias not in self.later and bool(self.later.get(group)))


@dataclass(frozen=True, slots=True)
class LaneOf:
    """A lane that clients ask by ``name``: its groups, in the order in which they are asked."""

    name: str
    asked: str
    groups: tuple[Group, ...]

    @property
    def also_called(self) -> str | None:
        """What clients ask, where its own name is another."""
        return kept_beside(self.name, self.asked)


@dataclass(frozen=True, slots=True)
class Named:
    """Names in the portfolio: of each level of each group, and of each lane by what clients ask."""

    models: Mapping[tuple[str, int], str]
    lanes: tuple[LaneOf, ...]
    told: tuple[Told, ...]
    taken: frozenset[str]


def groups_of(deployments: Sequence[Deployment]) -> list[Group]:
    """The groups, in the order in which they are first named."""
    names = dict.fromkeys(each.group for each in deployments)
    return [Group(name, _levels([each for each in deployments if each.group == name])) for name in names]


def _levels(group: Sequence[Deployment]) -> tuple[tuple[Deployment, ...], ...]:
    """Chats and vectors cannot be one model: what the first deployment does, the group does."""
    alike = [each for each in group if each.embeds == group[0].embeds]
    orders = sorted({each.order for each in alike})
    return tuple(tuple(each for each in alike if each.order == order) for order in orders)


def fallbacks_in(told: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Group and fallbacks of a list such as ``[{gpt-4o: [claude, mistral]}]``."""
    for each in as_list(told):
        for name, targets in as_mapping(each).items():
            named = (as_mapping(target).get("model", target) for target in as_list(targets))
            if isinstance(targets, list):
                yield name, tuple(target for target in named if isinstance(target, str))


def fallbacks_by_group(told: Any) -> dict[str, tuple[str, ...]]:
    """The fallbacks of each group. Of several entries for one the first holds, as with LiteLLM."""
    found: dict[str, tuple[str, ...]] = {}
    for group, targets in fallbacks_in(told):
        found.setdefault(group, targets)
    return found


def said_again(setting: str, told: Any) -> Iterator[Told]:
    """The entries of groups that have one already."""
    seen: set[str] = set()
    for group, _ in fallbacks_in(told):
        if group in seen:
            yield Told(setting, Fate.TO_DO, AGAIN, (group,))
        seen.add(group)


def misshapen(setting: str, told: Any) -> Iterator[Told]:
    """What of a list of fallbacks cannot be read as one."""
    for index, each in enumerate(as_list(told) or (told,)):
        targets: list[Any] = [to for listed in as_mapping(each).values() for to in as_list(listed) or (None,)]
        if not targets or not all(isinstance(as_mapping(to).get("model", to), str) for to in targets):
            yield Told(f"{setting}[{index}]", Fate.TO_DO, NO_FALLBACK)


def aliases_in(told: Any) -> dict[str, str]:
    """Alias and group; an alias may be a mapping with more than its model."""
    targets = {alias: as_mapping(target).get("model", target) for alias, target in as_mapping(told).items()}
    return {alias: target for alias, target in targets.items() if isinstance(target, str)}


def misshapen_aliases(told: Any) -> Iterator[Told]:
    """Aliases that name no group. What stands in a name's place may be a key, and is not quoted."""
    for alias in as_mapping(told).keys() - aliases_in(told).keys():
        yield Told(ALIASES, Fate.TO_DO, NO_ALIAS, (alias,))


def named(groups: Sequence[Group], roads: Roads) -> Named:
    """What everything is called. A group with nothing after it is a model; any other is a lane, of models beside it."""
    known = {each.name: each for each in groups}
    aliases = {alias: target for alias, target in roads.aliases.items() if target in known}
    asked = _asked_here([*known, *aliases])
    taken = {AUTO, *asked.values()}
    told = [_renamed(name, now) for name, now in asked.items() if name != now and not kept_beside(name, now)]
    apart = _apart(groups)
    after = {name: _after(name, known, roads) for name in asked}
    told += [remark for name in asked for remark in _remarks(name, known, roads)]
    models: dict[tuple[str, int], str] = {}
    for group in groups:
        stands_alone = not after[group.name] and len(group.levels) == 1 and group.name not in {*aliases, *apart}
        for level, name in enumerate(_model_names(group, asked[group.name], stands_alone=stands_alone)):
            models[group.name, level] = name if stands_alone else free(name, taken, "-")
    targets = _asked_as_lanes(groups, aliases, models, asked)
    lanes = tuple(LaneOf(name, asked[name], (known[to], *after[name])) for name, to in targets)
    return Named(models, lanes, tuple(told), frozenset(taken))


def _apart(groups: Sequence[Group]) -> set[str]:
    """The groups that have lanes of their own, since the everyday one has those alone that surely answer chats."""
    surely = any(not each.embeds and not each.assumed for each in groups)
    return {each.name for each in groups if each.assumed} if surely else set()


def _asked_here(names: Sequence[str]) -> dict[str, str]:
    """What clients ask here for each name. Those that can stay do, before another may take their place."""
    kept = {name for name in names if _plain(name) == name and name != AUTO}
    taken = {AUTO, *kept}
    return {name: name if name in kept else free(_plain(name), taken, "-") for name in names}


def _asked_as_lanes(
    groups: Sequence[Group], aliases: Mapping[str, str], models: Mapping[tuple[str, int], str], asked: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The names that lanes have, each with its group. An alias goes before a group of its name."""
    for group in groups:
        if group.name not in aliases and models[group.name, 0] != asked[group.name]:
            yield group.name, group.name
    yield from aliases.items()


def _model_names(group: Group, asked: str, *, stands_alone: bool) -> list[str]:
    if stands_alone:
        return [asked]
    if len(group.levels) == 1:
        return [f"{asked}-alone"]
    return [f"{asked}-order-{number}" for number in range(1, len(group.levels) + 1)]


def _after(name: str, known: Mapping[str, Group], roads: Roads) -> tuple[Group, ...]:
    """The groups asked after a name's own: its fallbacks, each with its own after it, as LiteLLM follows them."""
    own = roads.group_of(name)
    if known[own].embeds:
        return ()
    found = dict.fromkeys((*_followed(name, known, roads), *map(roads.group_of, roads.later_of(name))))
    return tuple(known[to] for to in found if to in known and to != own and not known[to].embeds)


def _followed(name: str, known: Mapping[str, Group], roads: Roads) -> dict[str, None]:
    """All that fallbacks lead to, each once, in their order. Chains may be longer than a stack is deep."""
    found: dict[str, None] = {}
    ways = [iter(roads.fallbacks_of(name))]
    while ways:
        target = next(ways[-1], None)
        if target is None:
            ways.pop()
        elif (to := roads.group_of(target)) in known and to not in found:
            found[to] = None
            ways.append(iter(roads.fallbacks_of(target)))
    return found


def _remarks(name: str, known: Mapping[str, Group], roads: Roads) -> Iterator[Told]:
    group = known[roads.group_of(name)]
    if group.embeds and name in {**roads.fallbacks, **roads.later}:
        yield Told("fallbacks", Fate.MISSING, NO_STAND_IN, (name,))
    for number, target in enumerate(() if group.embeds else roads.fallbacks_of(name), 1):
        if (to := known.get(roads.group_of(target))) is not None and to.embeds:
            yield Told("fallbacks", Fate.MISSING, VECTORS_AMONG_CHATS.format(number), (name,))
    if name in roads.aliases and not group.embeds and roads.has_its_groups(name):
        yield Told(ALIASES, Fate.OTHERWISE, ITS_GROUPS, (name,))


def unknown_names(known: Iterable[str], roads: Roads) -> Iterator[Told]:
    """Fallbacks and aliases that lead to nothing, and those of groups that are not there. No value is quoted."""
    groups = {*known, *roads.aliases}
    for name, targets in (*roads.fallbacks.items(), *roads.later.items(), (EVERYBODY, roads.everybodys)):
        if name not in groups and name != EVERYBODY:
            yield Told("fallbacks", Fate.TO_DO, NOT_THERE, (name,))
        lost = [number for number, each in enumerate(targets, 1) if each not in groups]
        yield from (Told("fallbacks", Fate.TO_DO, TARGET_NOT_THERE.format(number), (name,)) for number in lost)
    for alias, target in roads.aliases.items():
        if target not in {*known}:
            yield Told(ALIASES, Fate.TO_DO, ALIASED_NOT_THERE, (alias,))


def kept_beside(name: str, now: str) -> str | None:
    """The name that clients ask, beside the one that it has now; ``None`` where they are one, or it cannot be kept."""
    if name in (now, AUTO) or name.startswith(LANE_PREFIX):
        return None
    return name if name == name.strip() and name.isprintable() and len(name) <= LONGEST_ALIAS else None


def _renamed(name: str, now: str) -> Told:
    says = (
        f"names begin with no {LANE_PREFIX} here, and have {LONGEST_ALIAS} letters at most: clients must ask for {now}"
    )
    if name == AUTO:
        says = f"{AUTO} leaves the choice to the portfolio here: clients that mean this group must ask for {now}"
    return Told("model_list.model_name", Fate.TO_DO, says, (name,))


def _plain(name: str) -> str:
    if NAMED.fullmatch(name) and len(name) <= LONGEST_NAME:
        return name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:LONGEST_NAME].strip("-._") or "model"
