"""What a wait can mend, and what it cannot."""

from aiokafka.errors import KafkaError, KafkaTimeoutError


def is_away(error: Exception) -> bool:
    """True while no broker answers, or one asks to be tried again."""
    if isinstance(error, KafkaError):
        return bool(error.retriable) or isinstance(error, KafkaTimeoutError)
    return isinstance(error, OSError | TimeoutError)
