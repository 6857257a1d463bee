"""Records that nobody should have to bear: poison, everything twice, versions to come, offsets that went back."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from confluent_kafka import Message, Producer
from pipeline.consumer_groups import Positions
from pipeline.waiting import until

from journeys.faults.copies import copying, newer, same
from journeys.faults.fleet import GROUPS
from journeys.faults.log_book import REQUESTS, settled
from journeys.faults.world import World

ENDED_S = 300.0
"""The longest deadline, thrice: each ends by its own, and a slow machine has all of them to end."""
POISON = (
    (b"\xff\xfe\x00 no JSON", []),
    (b"{}", [("ce_type", b"\x80\x81")]),
    (b"[1, 2, 3]", [("traceparent", b"not-a-context")]),
    (b'{"request_id": 7, "request": {"request_id": "no uuid"}}', []),
    (b"9" * 5_000, []),
)


def _known_groups(world: World) -> dict[str, Positions] | None:
    found = world.groups.positions()
    return found if GROUPS.keys() <= found.keys() else None


def poison(world: World, dice: Random) -> None:
    """Records that are no events, in every topic that somebody hears."""
    producer = Producer({"bootstrap.servers": world.kafka.address, "linger.ms": 5, "log_level": 0})
    known = until(lambda: _known_groups(world), "all groups are known")
    heard = {topic for positions in known.values() for topic, _ in positions}

    def remember(_: object, message: Message) -> None:
        world.poison.add((message.topic() or "", message.partition() or 0, message.offset() or 0))

    for topic in sorted(heard):
        for value, headers in dice.sample(POISON, 3):
            producer.produce(topic, value, b"poison", headers=headers, on_delivery=remember)
    assert producer.flush(30) == 0


@contextmanager
def _without_members(world: World, dice: Random) -> Iterator[tuple[str, Positions]]:
    """Some group while its members are stopped, and where it reads; they are started again at the end."""
    known = until(lambda: settled(world.groups.positions), "the groups that have read something are known")
    group = dice.choice(sorted(GROUPS.keys() & (known or {}).keys()))
    members = GROUPS[group]
    world.fleet.stop(*members)
    positions = until(lambda: (settled(world.groups.positions) or {}).get(group), f"the offsets of {group} are known")
    assert positions is not None
    yield group, positions
    world.fleet.start(*members)


def rewind(world: World, dice: Random) -> None:
    """The offsets of a group go back to where the run began: it hears all of it again."""
    with _without_members(world, dice) as (group, positions):
        world.groups.move(group, {place: min(at, world.began.get(place, at)) for place, at in positions.items()})


def forget(world: World, dice: Random) -> None:
    """A group is deleted with its offsets: it hears all that retention has left, which is this run's."""
    with _without_members(world, dice) as (group, positions):
        old = {place: world.began[place] for place in positions if place[0].startswith(REQUESTS)}
        world.groups.drop_before(old)
        world.groups.forget(group)


def twice(world: World, dice: Random) -> None:
    """Every event is delivered twice, from now until all of the run's requests have ended."""
    with copying(world, same):
        _until_ended(world)


def mixed_versions(world: World, dice: Random) -> None:
    """Beside each event comes the same one as a version to come would say it, with fields that today's does not know.

    And as many requests again are let in by a profiler to come, with a word that is not known; it sends no spans.
    """
    world.fleet.killed.add("profiler")
    with copying(world, lambda message: newer(world, message)):
        _until_ended(world)


def _until_ended(world: World) -> None:
    world.client.until_sent(60)
    until(lambda: not world.client.sent.open(), "all requests have ended", ENDED_S)
