"""What aiokafka says of a topic that is not there, with each look at the cluster: left out where we say it."""

import logging

ITS_LOGGER = logging.getLogger("aiokafka.cluster")
ITS_WORDS = ("Topic %s not found in cluster metadata", "Topic %s is not available during auto-create initialization")


class SaidByUs(logging.Filter):
    """``topics``: those of which we say whether they are there. In force from ``begin`` to ``end``."""

    def __init__(self) -> None:
        super().__init__()
        self.topics: set[object] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        return not (record.msg in ITS_WORDS and isinstance(record.args, tuple) and record.args[0] in self.topics)

    def begin(self) -> None:
        """Leave it out from now on."""
        ITS_LOGGER.addFilter(self)

    def end(self) -> None:
        """Let it be said again."""
        ITS_LOGGER.removeFilter(self)
