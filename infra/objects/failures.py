"""Why content cannot be had. The messages name variables and places, and hold neither content nor keys."""


class ContentLost(Exception):
    """A body's content is not there, or not what its hash says. Asking again does not help."""

    reason = "content_lost"


class ContentElsewhere(ContentLost):
    """The store holds nothing of the day on which the content was written: most likely it is another store."""

    reason = "content_elsewhere"


class ContentErased(ContentLost):
    """The key of sealed content was deleted: nobody can read it any more."""

    reason = "content_erased"


class KeyMissing(ContentLost):
    """This service lacks the master key. With it the same event can be handled."""

    reason = "sealing_key_missing"


class KeyWrong(ContentLost):
    """The master key of this name is another than the one that sealed."""

    reason = "sealing_key_wrong"


class ObjectsAway(Exception):
    """The object store does not answer, or takes nothing now."""
