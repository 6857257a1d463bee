"""A record that unpacks to more than anybody holds, on a real Kafka: a dead letter, and the next one is read."""

from aiokafka import AIOKafkaProducer

from infra.bus.config import BusConfig
from infra.bus.lenient_records import MOST_UNPACKED
from tests.integration.bus_at_work import HEARD, LETTERS, Client, at_work, bus_of, request_id, told_in


async def test_a_record_that_unpacks_to_too_much_stops_nobody(bus_config: BusConfig) -> None:
    async with Client(bus_config) as client:
        bomb = AIOKafkaProducer(compression_type="zstd", max_request_size=2**30, **bus_config.connection())
        await bomb.start()
        await bomb.send_and_wait(bus_config.physical(HEARD), bytes(MOST_UNPACKED))
        await bomb.stop()
        async with at_work(bus_of(bus_config)):
            await client.tell(1)

            assert await client.told(1) == [request_id(1)]
            (letter,) = await client.log(LETTERS, 1)
    assert (told_in(letter, "reason"), letter.value) == ("no_value", None)
