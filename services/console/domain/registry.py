"""What a topic carries, by its logical name."""

from schemas.fact import Event
from schemas.topics import SERVICES, dead_letters_of, topic_of

Kind = type[Event] | str
"""Events of a type, or the dead letters of a service (its name)."""

UNFOLLOWED = ("request.submitted", "answer.streamed")


def kind_of(name: str) -> Kind | None:
    """``None`` for a topic that is not in the registry: a cluster may have other people's, too."""
    if service := next((each for each in SERVICES if dead_letters_of(each) == name), None):
        return service
    try:
        return topic_of(name).event
    except KeyError:
        return None


def followed(name: str) -> Kind | None:
    """As :func:`kind_of`, for topics that tell a request's road: keyed by request, or dead letters."""
    kind = kind_of(name)
    if kind is None or isinstance(kind, str):
        return kind
    topic = topic_of(name)
    return kind if topic.by_request and topic.name not in UNFOLLOWED else None
