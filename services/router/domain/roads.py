"""The roads through a lane's tiers, with what is expected of each, and the cheapest that clears the bar. Pure.

A road asks one path of a tier, and the next road when the checks do not let its answer pass: a single model, a cascade,
or the strongest at once. Success is taken as independent from tier to tier. Where another model must confirm an answer,
the first two are asked together, and what follows settles their difference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import sqrt

from schemas.money import micro_from_usd
from schemas.portfolio import Lane
from services.router.domain.beliefs import KNOWN_ANSWERS, Z_95, Path

MOST_LOSS = 0.01
"""Without a bar of its own a lane gives up at most so much of the success that its tiers in order have."""
MOST_ROADS = 32
OPINIONS_AND_ANSWER = 3
"""Attempts: two that differ, and a third; one more is left for who answers where all do."""
Seen = Callable[[Path], Path]
"""What is believed of a path on the questions that others left open."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is believed of two who must agree: of the first's answers by each threshold, the fixed one first.

    ``third``: what it settles of what they differ on, where that is known and wanted; ``always``: whatever the plan.
    ``after_two`` and ``after_three``: what those who follow make of the rest; where not known, as much as ever.
    """

    firsts: Sequence[Path]
    third: Path | None = None
    always: bool = False
    after_two: Seen | None = None
    after_three: Seen | None = None


Agreed = Callable[[Path, Path, Path | None], Pair]
"""Of the first, the one who must agree, and who would settle their difference."""


@dataclass(frozen=True, slots=True)
class Road:
    """One path after another, and what is expected of all together. ``second`` confirms the answers of the first.

    ``third``: the next of the paths takes the answer of one of the two, where they differ, and gives none of its own.
    """

    paths: tuple[Path, ...]
    success: float
    variance: float
    micro_usd: float
    latency_ms: float
    second: Path | None = None
    third: Path | None = None

    @property
    def least(self) -> float:
        """The least success, with 95 % confidence."""
        return max(0.0, self.success - Z_95 * sqrt(self.variance))


@dataclass(frozen=True, slots=True)
class Picked:
    """The road to take, and the runner-up. ``clears``: whether the bar is cleared; else it is the surest one.

    ``beside``: where two must agree, the best with a third who settles it, or without where this one has one.
    """

    road: Road
    runner_up: Road | None
    clears: bool
    beside: "Picked | None" = None


def is_too_slow(road: Road, taken: Path, other: Path, lane: Lane) -> bool:
    """Whether a road would no more keep to the lane's times with another path in the place of one that it takes."""
    slower_ms = other.latency_ms - taken.latency_ms
    return slower_ms > 0 and road.latency_ms + slower_ms > _most_ms(lane)


def pick(tiers: Sequence[Sequence[Path]], lane: Lane, agreed: Agreed | None = None) -> Picked | None:
    """The cheapest road that clears the lane's bar, or the surest within its limits; ``None`` without a path.

    The first path of each tier is the one that is asked where nothing is known. ``agreed``: a second must agree.
    """
    used = [tier for tier in tiers if tier]
    if not used:
        return None
    pairs = confirmed(used, lane.max_attempts, agreed) if agreed else []
    roads = pairs or alone(used, lane.max_attempts)
    return among(roads, lane, asked_for(lane, roads), _before(used[-1][0], None))


def asked_for(lane: Lane, roads: Sequence[Road]) -> float:
    """The least success that a road must have: the lane's bar, else nearly what the usual road has, which is the first.

    Where a third may settle what two differ on, of the first with one and the first without, the surer.
    """
    settled = next((road for road in roads if road.third), roads[0])
    return lane.bar.success if lane.bar.success is not None else max(roads[0].least, settled.least) - MOST_LOSS


def among(roads: Sequence[Road], lane: Lane, wanted: float, *beside: Road) -> Picked:
    """The cheapest of these that clears the bar, or the surest. ``beside``: what may be told as the runner-up."""
    rest = [*roads, *beside]
    within = [road for road in roads if _is_within(road, lane)] or [roads[0]]
    clear = _clear(within, wanted)
    taken = clear[0] if clear else _surest(within)
    others = [road for road in within if road.second and taken.second and (road.third is None) != (taken.third is None)]
    beside_it = among(others, lane, wanted) if others else None
    return Picked(taken, _runner_up(taken, [*clear[1:], *rest]), clears=bool(clear), beside=beside_it)


def _clear(roads: Sequence[Road], wanted: float) -> list[Road]:
    """Those that clear the bar, the cheapest first."""
    return sorted((road for road in roads if road.least >= wanted), key=_by_cost)


def _surest(roads: Sequence[Road]) -> Road:
    return max(roads, key=lambda road: road.least)


def _is_within(road: Road, lane: Lane) -> bool:
    """Whether it is expected to keep to the lane's times and to its budget."""
    most_micro_usd = micro_from_usd(str(lane.budget_usd)) if lane.budget_usd is not None else road.micro_usd
    return road.latency_ms <= _most_ms(lane) and road.micro_usd <= most_micro_usd


def _most_ms(lane: Lane) -> float:
    return min(lane.deadline_s * 1_000, lane.bar.p95_ms or lane.deadline_s * 1_000)


def _by_cost(road: Road) -> tuple[float, float]:
    return road.micro_usd, -road.success


def _runner_up(taken: Road, others: Sequence[Road]) -> Road | None:
    """The next road of other models: one through an equal path is told as its equal's share."""
    return next((road for road in others if _names(road) != _names(taken)), None)


def alone(tiers: Sequence[Sequence[Path]], most: int) -> list[Road]:
    """The tiers in order, then the other roads on which nobody confirms anything."""
    usual = _usual(tiers, most)
    return [usual, *(road for road in _roads(tiers, most) if road != usual)]


def confirmed(tiers: Sequence[Sequence[Path]], most: int, agreed: Agreed) -> list[Road]:
    """The tiers in order, then the other roads on which two must agree first; none where nobody can confirm.

    Who confirms is the next of the same tier, else the first of the tier above: so the router asks. Whoever follows
    settles their difference, and nobody confirms that answer. The tier that confirms is not passed over, since nothing
    is known of how others would. ``agreed``: what is believed of two, and of a third.
    """
    roads: list[Road] = []

    @cache
    def as_ever(number: int) -> Sequence[Road | None]:
        return _following(tiers[number:], most - 2, None)

    for number, tier in enumerate(tiers):
        for path in tier:
            beside = next((each for each in tier if each.candidate.model != path.candidate.model), None)
            second = beside or next((each[0] for each in tiers[number + 1 : number + 2]), None)
            if second is not None:
                at, third = _third(tiers, number, path, second) if most > OPINIONS_AND_ANSWER else (0, None)
                pair, rest = agreed(path, second, third), number + (1 if beside else 2)
                after = _following(tiers[rest:], most - 2, pair.after_two) if pair.after_two else as_ever(rest)
                roads += _differing(pair, second, after)
                roads += _settled(pair, second, tiers[at + 1 :], most - OPINIONS_AND_ANSWER)
        if not all(path.answers >= KNOWN_ANSWERS for path in tier):
            break
    return roads


def _third(tiers: Sequence[Sequence[Path]], number: int, first: Path, second: Path) -> tuple[int, Path | None]:
    """Whom the router asks to settle it, and of which tier: of this one or above, below the highest (``settling``)."""
    asked = {first.candidate.model, second.candidate.model}
    tiers_up = enumerate(tiers[number:-1], number)
    return next(((at, path) for at, tier in tiers_up for path in tier if path.candidate.model not in asked), (0, None))


def _differing(pair: Pair, second: Path, rests: Sequence[Road | None]) -> list[Road]:
    """Where two differ the rest is asked at once; not where a third is always asked, as far as it is known."""
    if pair.third is not None and pair.always:
        return []
    return [_before(first, rest, second) for first in pair.firsts for rest in rests]


def _settled(pair: Pair, second: Path, above: Sequence[Sequence[Path]], most: int) -> list[Road]:
    """Where two differ a third is asked, and the rest where all three do. What it settles is known of one threshold."""
    if pair.third is None:
        return []
    looks = [_before(pair.third, rest) for rest in _following(above, most, pair.after_three)]
    return [replace(_before(pair.firsts[0], look, second), third=pair.third) for look in looks]


def _following(tiers: Sequence[Sequence[Path]], most: int, seen: Seen | None) -> Sequence[Road | None]:
    """The roads of those who are asked after others, by what they make of what those left open."""
    if not tiers or most < 1:
        return [None]
    return alone([[seen(path) for path in tier] for tier in tiers] if seen else tiers, most)


def _usual(tiers: Sequence[Sequence[Path]], most: int) -> Road:
    """The first path of each tier in order."""
    road: Road | None = None
    for tier in reversed(tiers[:most]):
        road = _before(tier[0], road)
    return road  # type: ignore[return-value]  # there is a tier


def _roads(tiers: Sequence[Sequence[Path]], most: int) -> list[Road]:
    """Roads worth taking, of every choice of paths; each ends in the last tier, unless only one attempt is made."""
    if most == 1:
        return [_before(path, None) for tier in tiers for path in tier]
    roads = _worth([_before(path, None) for path in tiers[-1]])
    for tier in reversed(tiers[:-1]):
        through = [_before(path, road) for path in tier for road in roads if len(road.paths) < most]
        past = roads if all(path.answers >= KNOWN_ANSWERS for path in tier) else []
        roads = _worth([*through, *past])
    return roads


def _before(path: Path, rest: Road | None, second: Path | None = None) -> Road:
    """Ask this path first, and the second beside it; the rest is asked when its answer does not pass."""
    on = 1 - path.accepted
    micro_usd = path.micro_usd + (second.micro_usd if second else 0.0)
    latency_ms = path.latency_ms + (second.latency_ms if second else 0.0)
    if rest is None:
        return Road((path,), path.success, path.variance, micro_usd, latency_ms, second)
    return Road(
        paths=(path, *rest.paths),
        success=path.success + on * rest.success,
        variance=_variance(path, on, rest.success) + on**2 * rest.variance,
        micro_usd=micro_usd + on * rest.micro_usd,
        latency_ms=latency_ms + on * rest.latency_ms,
        second=second,
    )


def _variance(path: Path, on: float, rest: float) -> float:
    """Of a path with what follows it, by the three ways its answers go (Dirichlet): right, on to the rest, or wrong."""
    right = path.success
    if not 0 < right < 1:
        return path.variance
    spread = right * (1 - right) + rest**2 * on * (1 - on) - 2 * rest * right * on
    return spread * path.variance / (right * (1 - right))


def _worth(roads: Sequence[Road]) -> list[Road]:
    """Without those for which another is as cheap, as sure and as quick, and leaves as many attempts for others."""
    kept: list[Road] = []
    for road in sorted(roads, key=lambda each: (each.micro_usd, -each.least)):
        if not any(_is_as_good(other, road) for other in kept):
            kept.append(road)
    if len(kept) <= MOST_ROADS:
        return kept
    return [kept[index * (len(kept) - 1) // (MOST_ROADS - 1)] for index in range(MOST_ROADS)]


def _is_as_good(other: Road, road: Road) -> bool:
    no_longer = len(other.paths) <= len(road.paths)
    return no_longer and other.least >= road.least and other.latency_ms <= road.latency_ms


def told(road: Road) -> str:
    """A road, and what is expected of it, in words."""
    success = f"success {road.success:.1%} (at least {road.least:.1%}, 95 % sure)"
    return f"{_names(road)}: {success}, ${road.micro_usd / 1e6:.6f}"


def _names(road: Road) -> str:
    first, *rest = (path.candidate.model for path in road.paths)
    alike = "" if road.paths[0].threshold is None else f" ({road.paths[0].threshold:g} alike)"
    if road.third is not None:
        rest[0] = f"{rest[0]} settles"
    return " → ".join([f"{first} with {road.second.candidate.model}{alike}" if road.second else first, *rest])
