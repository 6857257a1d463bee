"""Which endpoints of a model are equal, by what the portfolio says of them: equal paths share requests."""

from collections.abc import Iterator

from schemas.models import Endpoint, Model, Price

NEARLY = 1.1
"""So many times the price of the cheapest still counts as equal: less than answers differ in length."""
USUAL_WEIGHT = 1.0
MILLION = 1_000_000


def equal_endpoints(model: Model) -> Iterator[tuple[Endpoint, ...]]:
    """Groups of two endpoints at least that cost nearly the same whatever is asked, or that all say a weight.

    Each group is led by its cheapest, so that no two of it are further apart than ``NEARLY``.
    """
    left: tuple[Endpoint, ...] = tuple(sorted(model.endpoints, key=_order))
    while left:
        cheapest = left[0]
        alike = tuple(each for each in left if _is_equal(cheapest, each))
        left = tuple(each for each in left if each not in alike)
        if len(alike) > 1:
            yield alike


def parts_of(model: Model) -> dict[str, float]:
    """By provider, the part (0 to 1) of a model's requests that each endpoint takes of its group, where all serve."""
    parts: dict[str, float] = {}
    for group in equal_endpoints(model):
        weights = [weight_of(each) for each in group]
        even = not any(weights)
        whole = len(group) if even else sum(weights)
        parts |= {each.provider: (1 if even else own) / whole for each, own in zip(group, weights, strict=True)}
    return parts


def weight_of(endpoint: Endpoint) -> float:
    """Its part of what it shares; 0 stands by."""
    return USUAL_WEIGHT if endpoint.weight is None else endpoint.weight


def _order(endpoint: Endpoint) -> tuple[bool, int, str]:
    return endpoint.price is None, sum(_rates(endpoint.price)[:2]), endpoint.provider


def _is_equal(one: Endpoint, other: Endpoint) -> bool:
    if one.weight is not None and other.weight is not None:
        return True
    if one.price is None or other.price is None:
        return one.price == other.price
    return all(max(each) <= NEARLY * min(each) for each in zip(_rates(one.price), _rates(other.price), strict=True))


def _rates(price: Price | None) -> tuple[int, ...]:
    """Micro-dollars for a million tokens read, and written, in short prompts; and both in a long one."""
    if price is None:
        return (0, 0, 0)
    short = price.of_prompt(0)
    return short.micro_usd(MILLION, 0), short.micro_usd(0, MILLION), price.micro_usd(MILLION, MILLION)
