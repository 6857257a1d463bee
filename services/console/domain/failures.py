"""How a command ends when it does not succeed: one line, with the remedy, and an exit code."""

from typing import ClassVar


class CommandFailed(Exception):
    """The end of a command. ``exit_code`` is what the shell is told; ``told``: its JSON has been printed already."""

    exit_code: ClassVar[int] = 1

    def __init__(self, says: str, *, told: bool = False) -> None:
        super().__init__(says)
        self.told = told


class Refused(CommandFailed):
    """It was understood, and not done: a wrong document, an unexpected revision, a request that failed."""


class Misused(CommandFailed):
    """What was given on the command line, or in a file it names, cannot be used."""

    exit_code = 2


class CannotReach(CommandFailed):
    """A part of the system did not answer."""

    exit_code = 3
