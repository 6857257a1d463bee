"""How many clients that come at once a server lets wait until it takes their connections: others are reset."""

import logging
from pathlib import Path

log = logging.getLogger(__name__)
LONGEST = 16_384
"""More than a gateway lets wait for answers by default; the system's own bound counts where it is lower."""
SHORT = 4_096
"""Linux's own since 5.4."""
SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def tell_of_short_queue() -> None:
    """Warn where the system bounds it below what Linux has by default; other systems do not say here."""
    try:
        most = int(SOMAXCONN.read_text())
    except (OSError, ValueError):
        return
    if most < SHORT:
        told = "at most %d clients that come at once are let wait: raise net.core.somaxconn to %d"
        log.warning(told, most, SHORT)
