"""Pages of which origins may call the gateway from a browser, and which headers of its answers they may read.

Source: the Fetch standard, "HTTP extensions" (CORS); RFC 6454, 6.2.
"""

import re

ANY = "*"
ORIGIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
EXPOSED = (
    *("x-request-id", "request-id", "retry-after", "x-should-retry", "location"),
    *("x-portfolio-request-id", "x-portfolio-trace-id", "x-portfolio-model", "x-portfolio-provider"),
    *("x-portfolio-status", "x-portfolio-attempts", "x-portfolio-cost-usd", "x-portfolio-cost-kind"),
    *("x-portfolio-cache", "x-portfolio-repeated"),
)
"""All that its answers tell beside what browsers show anyhow."""


def origins_in(told: str) -> tuple[str, ...]:
    """The origins of a setting, apart by commas. Raises ``ValueError`` for what is no origin."""
    found = tuple(each.strip().lower() for each in told.split(",") if each.strip())
    if ANY in found and len(found) > 1:
        raise ValueError("* is all origins: name it alone, or leave it out")
    for each in found:
        if each != ANY and ORIGIN.fullmatch(each) is None:
            raise ValueError(
                "an origin is http(s)://host or http(s)://host:port, with no path: https://chat.example.com"
            )
    return found
