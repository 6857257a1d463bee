"""What people do at the operator's desk, for the record."""

from pydantic import AwareDatetime

from schemas.fact import Event
from schemas.vocabulary import OpenDeed


class OperatorActed(Event):
    """Somebody is about to do this, or to see content. It is said first: without the record, nothing is done or shown.

    ``on``: what it is done to, such as a request's id, a revision or a key's prefix; never content, never a secret.
    """

    by: str
    deed: OpenDeed
    on: str
    at: AwareDatetime

    @property
    def subject(self) -> str:
        return self.by

    @property
    def counter(self) -> str:
        return f"{self.deed}/{self.on}/{self.at.isoformat()}"
