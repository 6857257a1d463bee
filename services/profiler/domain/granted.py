"""What the API key that a request came with allows."""

from schemas.request import Grant, Refusal
from schemas.vocabulary import DataClass, Reason


def not_granted(grant: Grant | None, lane: str, data_class: DataClass) -> Refusal | None:
    """Why the key does not allow this lane or this data class; ``None`` when it does, or when there is no key."""
    if grant is None:
        return None
    if grant.lanes is not None and lane not in grant.lanes:
        told = f"the key {grant.key} may not use lane {lane}: name one of {', '.join(grant.lanes)}"
        return Refusal(reason=Reason.NOT_ALLOWED, detail=told)
    if grant.data_classes is not None and data_class not in grant.data_classes:
        allowed = ", ".join(grant.data_classes)
        told = f"the key {grant.key} may not send {data_class} data, by what is said of it or what it holds: {allowed}"
        return Refusal(reason=Reason.NOT_ALLOWED, detail=told)
    return None
