"""Equal paths share requests: in which order each request asks them. Pure.

Which are equal, the portfolio says (:mod:`schemas.equals`). Who is asked first is told by what a request is drawn for,
its conversation or its id (:mod:`services.router.domain.conversations`), by rendezvous hashing: D. Thaler and C.
Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998; with weights: C. Schindelhauer and G. Schomaker,
"Weighted Distributed Hash Tables", 2005. So the same always asks the same, and a path that comes or goes moves only its
own part.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from hashlib import blake2b
from math import log

from schemas.attempt import Candidate
from schemas.equals import USUAL_WEIGHT, equal_endpoints, weight_of
from schemas.models import Endpoint, Model
from schemas.portfolio import Portfolio
from schemas.request import Request
from services.router.domain.ways import candidate_of

LOT_BITS = 52
"""Of a hash: with the half between two of them, no more than a float holds exactly."""
MOST_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Sharer:
    """A path and its part of what it shares; 0 stands by. ``name``: what its lots are drawn for."""

    path: Candidate
    weight: float
    name: bytes


Group = tuple[Sharer, ...]
Groups = tuple[tuple[Group, ...], ...]
"""By tier: paths that are equal, two at least. Empty where a lane has none."""
IsFull = Callable[[Candidate], bool]
"""Whether attempts wait for a hand at a path."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the lots of a request are drawn for. ``kept_by``: what its conversation is known by, where it is that."""

    key: bytes
    kept_by: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """The equal paths that a request can take, in its own order. ``full``: those where attempts wait for a hand.

    ``kept_by``: what the conversation is known by whose turns all have this order.
    """

    order: Group
    full: frozenset[Candidate]
    kept_by: str | None = None

    @property
    def paths(self) -> tuple[Candidate, ...]:
        return tuple(each.path for each in self.order)


@dataclass(slots=True)
class GroupsKept:
    """Keeps the groups of each lane; they follow from the portfolio alone."""

    _kept: dict[tuple[str, str], Groups] = field(default_factory=dict[tuple[str, str], Groups])

    def of(self, portfolio: Portfolio, request: Request) -> Groups:
        """The equal paths of the request's lane."""
        kind = (request.revision, request.lane)
        if (found := self._kept.get(kind)) is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[kind] = groups_of(portfolio, request.lane)
        return found


def groups_of(portfolio: Portfolio, lane: str) -> Groups:
    """The equal paths of each tier of a lane."""
    tiers = tuple(
        tuple(group for name in dict.fromkeys(tier) for group in _equals(name, portfolio.models[name]))
        for tier in portfolio.lanes[lane].tiers
    )
    return tiers if any(tiers) else ()


def _equals(name: str, model: Model) -> Iterator[Group]:
    return (tuple(_sharer(name, each) for each in alike) for alike in equal_endpoints(model))


def _sharer(model: str, endpoint: Endpoint) -> Sharer:
    return Sharer(candidate_of(model, endpoint.provider), weight_of(endpoint), f"{model}@{endpoint.provider}".encode())


def lot_of(drawn: Drawn, sharer: Sharer) -> float:
    """What a path draws: of equal weights each is as likely to draw the highest, else by weight."""
    lot = int.from_bytes(blake2b(sharer.name, key=drawn.key, digest_size=8).digest()) >> 64 - LOT_BITS
    return (sharer.weight or USUAL_WEIGHT) / -log((lot + 0.5) / 2**LOT_BITS)


def share_of(group: Group, may: Set[Candidate], drawn: Drawn, is_full: IsFull) -> Share | None:
    """How those of a group that may be taken share a request: with a hand free first; ``None`` where none can share."""
    able = [each for each in group if each.path in may]
    if len(able) < 2:
        return None
    full = frozenset([each.path for each in able if is_full(each.path)])
    able.sort(key=lambda each: (each.path in full, each.weight == 0, -lot_of(drawn, each)))
    return Share(tuple(able), full, drawn.kept_by)


def arranged(tier: Sequence[Candidate], shares: Sequence[Share]) -> tuple[Candidate, ...]:
    """A tier in which equal paths stand in the order of their shares, together, where the first of them stood."""
    if len(shares) == 1 and len(shares[0].order) == len(tier):
        return shares[0].paths
    orders = {path: share.paths for share in shares for path in share.paths}
    return tuple(dict.fromkeys(each for path in tier for each in orders.get(path, (path,))))


def why_shared(share: Share, path: Candidate) -> str:
    """With whom a path shares, and how much of it is its own; or for whom it stands in."""
    mine = share.order[share.paths.index(path)]
    if path in share.full:
        return f"attempts wait there, and at its equals: {_listed(share.order, mine)}"
    full = [each for each in share.order if each.path in share.full] if share.full else ()
    waits = f"attempts wait at its equal {_listed(full, mine)}" if full else ""
    free = [each for each in share.order if each.path not in share.full]
    sharing = [each for each in free if each.weight] or free
    if mine not in sharing:
        return f"it stands by for {_listed(sharing, mine)}"
    if len(sharing) == 1:
        return waits or f"{_listed(free, mine)} stands by for it"
    part = mine.weight / sum(each.weight for each in sharing) if mine.weight else 1 / len(sharing)
    shares = f"it shares requests with {_listed(sharing, mine)}, and {part:.0%} are its own"
    is_kept = share.kept_by is not None and not full and mine is share.order[0]
    kept = f"turns of one {share.kept_by} stay together" if is_kept else ""
    return "; ".join(each for each in (shares, kept, waits) if each)


def _listed(sharers: Iterable[Sharer], but: Sharer) -> str:
    return " and ".join([f"{each.path.model}@{each.path.provider}" for each in sharers if each is not but])
