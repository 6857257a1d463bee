"""What the API key, or the client's own topic, that a request came by allows."""

from collections.abc import Mapping, Sequence

from schemas.portfolio import Client
from schemas.request import Grant, Refusal
from schemas.vocabulary import DataClass, Reason


def not_granted(grant: Grant | None, lane: str, data_class: DataClass, why_lane: str | None = None) -> Refusal | None:
    """Why the key does not allow this lane or this data class; ``None`` when it does, or when there is no key.

    ``why_lane``: why it goes to another lane than the one that it or its task names.
    """
    if grant is None:
        return None
    return _beyond(f"the key {grant.key}", grant.lanes, grant.data_classes, lane, data_class, why_lane)


def not_declared(
    client: str | None,
    clients: Mapping[str, Client] | None,
    lane: str,
    data_class: DataClass,
    why_lane: str | None = None,
) -> Refusal | None:
    """Why this client may not send this; ``None`` when it may, on a topic of nobody's own, or with no declarations."""
    if client is None or clients is None:
        return None
    if (declared := clients.get(client)) is None:
        told = f"the client {client} is not declared: name it in the portfolio's clients"
        return Refusal(reason=Reason.NOT_ALLOWED, detail=told)
    return _beyond(f"the client {client}", declared.lanes, declared.data_classes, lane, data_class, why_lane)


def _beyond(
    who: str,
    lanes: Sequence[str] | None,
    data_classes: Sequence[str] | None,
    lane: str,
    data_class: DataClass,
    why_lane: str | None,
) -> Refusal | None:
    if lanes is not None and lane not in lanes:
        remedy = (
            f"name one of {', '.join(lanes)}" if why_lane is None else f"this goes there {why_lane}: allow it {lane}"
        )
        told = f"{who} may not use lane {lane}: {remedy}"
        return Refusal(reason=Reason.NOT_ALLOWED, detail=told)
    if data_classes is not None and data_class not in data_classes:
        allowed = ", ".join(data_classes)
        why = "by its data_class, the portfolio's default or what it holds"
        told = f"{who} may not send {data_class} data, which this is {why}: send what is {allowed}, and name it so"
        return Refusal(reason=Reason.NOT_ALLOWED, detail=told)
    return None
