"""What is known of a subject in the log: nothing of it is ever passed by, and nothing is read twice for nothing."""

from uuid import UUID, uuid4

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from infra.bus.search import Known, Memory

HERE = TopicPartition("request.completed", 0)


@given(
    events=st.sets(st.integers(min_value=10, max_value=99)),
    reads=st.lists(st.tuples(st.integers(min_value=10, max_value=99), st.integers(min_value=1, max_value=30))),
)
def test_whatever_was_read_the_rest_is_found_and_nothing_else_is_looked_at(
    events: set[int], reads: list[tuple[int, int]]
) -> None:
    known = Known({HERE: 10})
    for start, length in reads:
        begin = known.next(HERE, start) if start <= known.upto[HERE] else known.upto[HERE]
        for offset in sorted(event for event in events if begin <= event < begin + length):
            known.note(HERE, offset)
        known.upto[HERE] = max(known.upto[HERE], begin + length)
    met, at = set[int](), 0
    while (at := known.next(HERE, at)) < known.upto[HERE]:
        met.add(at)
        at += 1
    assert met == {event for event in events if event < known.upto[HERE]}


def test_those_asked_for_longest_ago_are_forgotten() -> None:
    memory, subjects = Memory(2), [uuid4() for _ in range(3)]
    known = [memory.of(subject, 0) for subject in subjects[:2]]
    assert memory.of(subjects[0], 0) is known[0]
    memory.of(subjects[2], 0)
    assert memory.of(subjects[0], 0) is known[0]
    assert memory.of(subjects[1], 0) is not known[1]


def test_what_is_known_holds_from_its_time_on_only() -> None:
    memory, subject = Memory(), UUID(int=1)
    assert memory.of(subject, 0) is not memory.of(subject, 1)
