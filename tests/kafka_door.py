"""A broker with two doors: the operator's own, and one that lets nobody in without a password."""

from collections.abc import Mapping
from pathlib import Path

from own_ports import free_port

from infra.local.kafka import EmbeddedKafka
from infra.local.processes import HOST


def two_doors(folder: Path, protocol: str, settings: Mapping[str, str]) -> tuple[EmbeddedKafka, str]:
    """The broker, and the address of its second door (the listener ``CLIENTS``), which speaks this protocol."""
    port, controller, address = free_port(), free_port(), f"{HOST}:{free_port()}"
    plain = f"PLAINTEXT://{HOST}:{port}"
    doors = {
        "listeners": f"{plain},CONTROLLER://{HOST}:{controller},CLIENTS://{address}",
        "advertised.listeners": f"{plain},CLIENTS://{address}",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": f"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENTS:{protocol}",
    }
    return EmbeddedKafka(folder, port, controller, {**doors, **settings}), address
