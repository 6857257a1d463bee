"""Pages from templates. Everything that comes from outside is escaped."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.console.domain.since import in_words

FOLDER = Path(__file__).parent


class Pages:
    """Renders templates, each read once."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, auto_reload=False,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._environment.filters.update(
            moment=moment, usd=usd, count=count, share=share, in_words=in_words, lapse=lapse
        )
        self.style = (FOLDER / "style.css").read_bytes()
        self.script = (FOLDER / "live.js").read_bytes()

    def page(self, name: str, values: Mapping[str, Any]) -> str:
        """The HTML of a page."""
        return self._environment.get_template(f"{name}.html").render(values)


def moment(at: datetime | str | None) -> str:
    """A time in UTC, to the second. Where it does not fit on a line it breaks after the date, and not within."""
    if not at:
        return "-"
    told = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)
    return Markup("<time><span>{}</span> {}</time>").format(f"{told:%Y-%m-%d}", f"{told:%H:%M:%S}")


def lapse(after_ms: int) -> str:
    """How long after a request was admitted, as people say it."""
    for unit, ms, below in (("ms", 1, 10_000), ("s", 1_000, 120_000), ("min", 60_000, 7_200_000)):
        if abs(after_ms) < below:
            return f"{after_ms / ms:+.0f} {unit}"
    return f"{after_ms / 3_600_000:+.0f} h"


def usd(amount: str | None) -> str:
    return "-" if amount is None else f"${amount}"


def count(number: int) -> str:
    return f"{number:,}"


def share(part: float | None) -> str:
    return "-" if part is None else f"{part:.1%}"
