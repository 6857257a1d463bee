"""The process in which large bodies are understood: one after the other, from standard input to standard output."""

import pickle
import signal
import sys
from struct import Struct
from typing import BinaryIO

from services.gateway.domain.large_body import understood

SIZE = Struct(">Q")
"""Before each message: its bytes."""


def serve(taken: BinaryIO, given: BinaryIO) -> None:
    """Until the gateway is gone, whatever ended it: its end of the pipe closes."""
    while head := taken.read(SIZE.size):
        told = pickle.dumps(_understood(taken.read(*SIZE.unpack(head))), pickle.HIGHEST_PROTOCOL)
        given.write(SIZE.pack(len(told)))
        given.write(told)
        given.flush()


def _understood(message: bytes) -> object:
    """An error goes back by its type alone: what it says may hold some of the body."""
    try:
        return understood(*pickle.loads(message))  # noqa: S301 the gateway wrote it
    except Exception as error:
        return type(error).__name__


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the gateway, which ends this
    serve(sys.stdin.buffer, sys.stdout.buffer)
