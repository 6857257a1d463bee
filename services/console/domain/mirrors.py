"""What is unwise about lanes that some requests are asked in for nobody."""

from collections.abc import Iterator

from schemas.portfolio import Portfolio
from schemas.vocabulary import MIRROR
from services.console.domain.findings import Advice


def on_mirrors(portfolio: Portfolio) -> Iterator[Advice]:
    """People who are asked for nobody, and a client that is told as the tenant of all mirrored requests."""
    mirrors = {name: lane.mirror for name, lane in portfolio.lanes.items() if lane.mirror}
    for name, mirror in mirrors.items():
        if portfolio.lanes[mirror.lane].reviews:
            says = f"people would be asked for answers that nobody is given: {mirror.lane} has reviews"
            yield Advice(("lanes", name, "mirror"), says)
    if mirrors and MIRROR in (portfolio.clients or {}):
        says = "mirrored requests have this tenant, too, and would share its costs and its budget: name it otherwise"
        yield Advice(("clients", MIRROR), says)
