"""What is unwise about weights of endpoints."""

from collections.abc import Iterator

from schemas.equals import equal_endpoints
from schemas.portfolio import Portfolio
from services.console.domain.findings import Advice

ALONE = "nothing is shared by it: no other endpoint of the model says a weight, or costs nearly the same"
ALL_STAND_BY = "each stands by for the others: they share evenly; give one a weight above 0"


def on_weights(portfolio: Portfolio) -> Iterator[Advice]:
    """Weights by which nothing is shared, and equal endpoints that all stand by."""
    for name, model in portfolio.models.items():
        groups = tuple(equal_endpoints(model))
        for index, endpoint in enumerate(model.endpoints):
            if endpoint.weight is not None and not any(endpoint in group for group in groups):
                yield Advice(("models", name, "endpoints", index, "weight"), ALONE)
        if any(all(each.weight == 0 for each in group) for group in groups):
            yield Advice(("models", name, "endpoints"), ALL_STAND_BY)
