"""What a lane achieved, against what its bar asks and against the week before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from schemas.content import JsonRead
from schemas.portfolio import Bar

NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One of a lane's four thresholds. ``over``: the lane does not keep it; ``None`` when nothing was measured."""

    name: str
    asked: str
    reached: str
    over: bool | None


@dataclass(frozen=True, slots=True)
class Change:
    """A figure this week and the week before. ``better`` is ``None`` when neither or both have it, or it stayed."""

    name: str
    now: str
    before: str
    percent: float | None
    better: bool | None


def thresholds(bar: Bar, part: JsonRead) -> list[Threshold]:
    """Those that the lane's bar asks for."""
    told: list[Threshold] = []
    if bar.success is not None:
        told.append(_least("success", bar.success, part["success"]))
    if bar.p95_ms is not None:
        told.append(_most("P95 latency", bar.p95_ms, part["latency_ms"]["p95"], "{} ms"))
    if bar.usd_per_1k_tokens is not None:
        told.append(_most("cost per 1,000 tokens", bar.usd_per_1k_tokens, usd_per_1k_tokens(part), "${}"))
    if bar.compliance_risk is not None:
        told.append(_most("compliance risk", bar.compliance_risk, part.get("compliance_risk"), "{} %"))
    return told


def usd_per_1k_tokens(part: JsonRead) -> Decimal | None:
    """What a thousand tokens cost, read and written together."""
    if not part["tokens"]:
        return None
    return (Decimal(part["cost_micro_usd"]) / 1000 / part["tokens"]).quantize(Decimal("0.000001"))


def _least(name: str, asked: float, reached: float | None) -> Threshold:
    shown = NOT_MEASURED if reached is None else f"{reached:.1%}"
    return Threshold(name, f"at least {asked:.1%}", shown, None if reached is None else reached < asked)


def _most(name: str, asked: Decimal | int, reached: Decimal | float | None, form: str) -> Threshold:
    shown = NOT_MEASURED if reached is None else form.format(reached)
    return Threshold(name, f"at most {form.format(asked)}", shown, None if reached is None else reached > asked)


def compared(now: JsonRead, before: JsonRead | None) -> list[Change]:
    """The figures of a part against those of the span before; without one, alone."""
    was = before or {}
    latency, old = now["latency_ms"], was.get("latency_ms", {})
    return [
        change("cost per success", _number(now["cost_per_success_usd"]), _number(was.get("cost_per_success_usd")), "$"),
        change("success", now["success"], was.get("success"), "%", less_is_better=False),
        change("P50 latency", latency["p50"], old.get("p50"), "ms"),
        change("P95 latency", latency["p95"], old.get("p95"), "ms"),
        change("compliance risk", _share(now.get("compliance_risk")), _share(was.get("compliance_risk")), "%"),
    ]


def change(name: str, now: float | None, before: float | None, unit: str, *, less_is_better: bool = True) -> Change:
    """A figure against the one before. ``unit``: ``$``, ``%`` (of a share) or ``ms``."""
    percent = round((now - before) / before * 100, 1) if now is not None and before else None
    better = None if not percent else (percent < 0) == less_is_better
    return Change(name, _shown(now, unit), _shown(before, unit), percent, better)


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return {"$": f"${value:.6f}", "%": f"{value:.1%}", "ms": f"{value:.0f} ms"}[unit]


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _share(of_a_hundred: float | None) -> float | None:
    return None if of_a_hundred is None else of_a_hundred / 100


@dataclass(frozen=True, slots=True)
class Share:
    """A part of all: so many now, and which part that is, now and in the span before (``None`` without any then)."""

    name: str
    count: int
    part: float
    before: float | None


def shares(counts: Mapping[str, int], before: Mapping[str, int]) -> Sequence[Share]:
    """Each name with its count and its share of all, against the span before; what came then only stands last."""
    whole, was = sum(counts.values()), sum(before.values())
    return [
        Share(
            name,
            count=counts.get(name, 0),
            part=counts.get(name, 0) / whole if whole else 0.0,
            before=before.get(name, 0) / was if was else None,
        )
        for name in dict.fromkeys((*counts, *before))
    ]


def tier_shares(counts: Mapping[str, int], before: Mapping[str, int]) -> Sequence[Share]:
    """Completed by the tier that answered, lowest first. The ledger counts tiers from 0, and people from 1."""
    told, was = ({str(int(tier) + 1): each[tier] for tier in sorted(each, key=int)} for each in (counts, before))
    return shares(told, was)
