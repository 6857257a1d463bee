"""What is unwise about the settings of providers in a cloud."""

from collections.abc import Iterator

from schemas.portfolio import Portfolio
from services.console.domain.findings import Advice

PLACES = ("aws_region_name", "vertex_location")
CONTINENTS = ("eu", "us")
"""With these begin the names of regions, both the clouds' and those that residency is usually written in."""


def on_clouds(portfolio: Portfolio) -> Iterator[Advice]:
    """A provider whose region, by which residency goes, is another than the one where it is called."""
    for name, provider in portfolio.providers.items():
        told = provider.settings.told() if provider.settings else {}
        for setting in PLACES:
            at = next((each for each in CONTINENTS if told.get(setting, "").startswith(each)), None)
            if at and provider.region in CONTINENTS and provider.region != at:
                says = f"residency goes by region, {provider.region}, and this is in {at}: correct one of them"
                yield Advice(("providers", name, "settings", setting), says)
