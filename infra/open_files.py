"""How many files and connections this process may have open."""

import logging
import resource

log = logging.getLogger(__name__)
ENOUGH = 65_536
FEW = 10_240
"""What a gateway needs for as many clients as it lets wait by default."""


def allow_many_open_files() -> None:
    """Raise the limit as far as the system lets this process: shells and systemd begin at 1,024 for old programs' sake.

    At its limit a server closes new connections without a word, and nobody would know why.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = allowed(soft, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # macOS has a bound of its own below what it calls the hard limit
        most = soft
    if most != resource.RLIM_INFINITY and most < FEW:
        log.warning("at most %d open files and connections: raise the hard limit (ulimit -Hn) to %d", most, FEW)


def allowed(soft: int, hard: int) -> int:
    """The soft limit to have, of those that are there."""
    if resource.RLIM_INFINITY in (soft, hard):
        return soft if soft == resource.RLIM_INFINITY else max(soft, ENOUGH)
    return max(soft, min(hard, ENOUGH))
