"""What a wait can mend, and what it cannot."""

from aiokafka.errors import KafkaError, KafkaTimeoutError


class LettersRefused(Exception):
    """Kafka does not take a dead letter: going on would lose the record."""


class HandlersBroken(Exception):
    """Valid events of several keys failed one after another: the code is broken, not the data."""


def is_away(error: Exception) -> bool:
    """True while no broker answers, or one asks to be tried again."""
    if isinstance(error, KafkaError):
        return bool(error.retriable) or isinstance(error, KafkaTimeoutError)
    return isinstance(error, OSError | TimeoutError)
