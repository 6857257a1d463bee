"""A weight by which nothing is shared is told, and where every endpoint stands by."""

import pytest
from portfolios import TODAY, document, portfolio

from services.console.domain.prudence import advice

CHEAP, DEAR = {"input": "1", "output": "2"}, {"input": "2", "output": "2"}


@pytest.mark.parametrize(
    ("weights", "prices", "says"),
    [
        ((None, None), (CHEAP, DEAR), []),
        ((3, None), (CHEAP, CHEAP), []),
        ((3, 1), (CHEAP, DEAR), []),
        ((3, 0), (CHEAP, DEAR), []),
        ((3, None), (CHEAP, DEAR), ["models.small.endpoints.0.weight"]),
        ((None, 0), (CHEAP, DEAR), ["models.small.endpoints.1.weight"]),
        ((0, 0), (CHEAP, DEAR), ["models.small.endpoints"]),
    ],
)
def test_a_weight_that_shares_nothing_is_told(
    weights: tuple[int | None, int | None], prices: tuple[dict[str, str], dict[str, str]], says: list[str]
) -> None:
    found = document()
    first = found["models"]["small"]["endpoints"][0]
    others = [name for name in found["providers"] if name != first["provider"]]
    places = zip((first["provider"], others[0]), weights, prices, strict=True)
    endpoints = [{**first, "provider": name, "weight": weight, "price": price} for name, weight, price in places]
    small = {**found["models"]["small"], "endpoints": endpoints}

    told = advice(portfolio(models={**found["models"], "small": small}), TODAY)

    assert [where for each in told if "endpoints" in (where := ".".join(map(str, each.path)))] == says
