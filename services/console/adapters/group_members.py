"""How many processes of each service read, by Kafka's word."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.errors import for_code

from infra.bus.config import BusConfig
from infra.bus.topics import admin_of
from services.console.domain.failures import Refused


async def members_of(config: BusConfig, services: Iterable[str]) -> Mapping[str, int]:
    """The members of each service's group; none where there is no such group.

    Raises :class:`Refused` where Kafka does not tell, as without the right to. Its errors are the caller's to tell.
    """
    found = dict[str, int]()
    async with admin_of(config) as admin:
        for service in services:
            answers: list[Any] = await admin.describe_consumer_groups([config.physical(service)])
            for answer in answers:
                for code, group, _, _, _, members, *_ in answer.groups:
                    if code:
                        raise Refused(f"the group {group} cannot be described ({for_code(code).__name__})")
                    found[service] = len(members)
    return found
