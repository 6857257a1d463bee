"""The bus of a stack on this machine."""

import os

from infra.bus.config import BusConfig
from infra.local.parts import Addresses

LOCAL_PARTITIONS = 4


def bus_config(addresses: Addresses) -> BusConfig:
    """Few partitions unless the environment says otherwise: one process reads them all."""
    partitions = int(os.environ.get("TOPIC_PARTITIONS", LOCAL_PARTITIONS))
    return BusConfig(kafka_bootstrap_servers=addresses.kafka, topic_partitions=partitions)
