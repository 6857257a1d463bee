"""What aiokafka says of a topic that is not there, with each look at the cluster: left out where we say it."""

import logging

ITS_WORDS = ("Topic %s not found in cluster metadata", "Topic %s is not available during auto-create initialization")


class SaidByUs(logging.Filter):
    """``topics``: those of which we say whether they are there."""

    def __init__(self) -> None:
        super().__init__()
        self.topics: set[object] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        return not (record.msg in ITS_WORDS and isinstance(record.args, tuple) and record.args[0] in self.topics)


SAID_BY_US = SaidByUs()
logging.getLogger("aiokafka.cluster").addFilter(SAID_BY_US)
