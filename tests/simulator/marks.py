"""How a prompt says what the simulator does with it: ``[simulate rate_limited at=acme latency_s=0.2]``."""

import re
from dataclasses import dataclass

MARK = re.compile(rb"\[simulate (\w+)((?: \w+=[\w.-]+)*)\]")
GOOD = "good"


@dataclass(frozen=True, slots=True)
class Mark:
    """``case`` is a name in :data:`~.behaviours.BEHAVIOURS`; at any provider but ``at`` the answer is a good one.

    ``latency_s`` is what the model takes before anything else happens; the simulator's own latency when not told.
    """

    case: str = GOOD
    at: str | None = None
    latency_s: float | None = None

    def __str__(self) -> str:
        """The mark as it stands in a prompt."""
        told = {"at": self.at, "latency_s": self.latency_s}
        words = [f"{name}={value}" for name, value in told.items() if value is not None]
        return f"[simulate {' '.join((self.case, *words))}]"

    def case_at(self, provider: str) -> str:
        """What this provider does."""
        return self.case if self.at in (None, provider) else GOOD

    @classmethod
    def found_in(cls, body: bytes) -> "Mark":
        """The first mark in the body of a request; a good answer where there is none."""
        found = MARK.search(body)
        if found is None:
            return cls()
        told = dict(word.split("=", 1) for word in found[2].decode().split())
        latency_s = float(told["latency_s"]) if "latency_s" in told else None
        return cls(found[1].decode(), told.get("at"), latency_s)
