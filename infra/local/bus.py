"""The bus of a stack on this machine, and the console over it."""

import os

from infra.bus.config import BusConfig
from infra.local.own_kafka import PATIENCE_S
from infra.local.parts import Addresses
from services.console.config import ConsoleConfig

LOCAL_PARTITIONS = 4


def bus_config(addresses: Addresses) -> BusConfig:
    """Few partitions unless the environment says otherwise: one process reads them all."""
    partitions = int(os.environ.get("TOPIC_PARTITIONS", LOCAL_PARTITIONS))
    return BusConfig(kafka_bootstrap_servers=addresses.kafka, topic_partitions=partitions)


def console_config(addresses: Addresses) -> ConsoleConfig:
    """The console's settings where the Kafka is our own."""
    return ConsoleConfig(kafka=addresses.kafka, timeout_s=PATIENCE_S)
