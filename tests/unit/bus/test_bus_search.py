"""What is known of a subject in the log: nothing of it is ever passed by, and nothing is read twice for nothing."""

from uuid import UUID, uuid4

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from infra.bus.search import Known, Memory, Search
from schemas.examples import examples
from schemas.outcome import RequestCompleted, RequestDeferred

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


def searched(*events: type[RequestDeferred | RequestCompleted], upto: int) -> Search:
    """A search that goes on past deferrals, after it has met these in a log that ended at 10, and read up to there."""
    search = Search(UUID(int=1), b"", 0, Known(), passing=(RequestDeferred,))
    search.begin({HERE: 0})
    search.learn({HERE: 10})
    for event in events:
        search.take(examples()[event], 0, 0)
    search.pass_by(HERE, upto)
    search.look_up()
    return search


async def test_an_event_that_is_passed_ends_no_search_and_is_news_once_the_log_is_read() -> None:
    halfway = searched(RequestDeferred, upto=5)
    assert (halfway.passed, halfway.found.done(), halfway.news.done()) == (examples()[RequestDeferred], False, False)
    halfway.pass_by(HERE, 10)
    halfway.look_up()
    assert (halfway.found.done(), halfway.news.result()) == (False, examples()[RequestDeferred])


async def test_an_end_that_stands_in_the_log_is_the_news_whatever_is_read_first() -> None:
    for order in ((RequestDeferred, RequestCompleted), (RequestCompleted, RequestDeferred)):
        search = searched(*order, upto=10)
        assert search.found.result() == search.news.result() == examples()[RequestCompleted]


async def test_what_is_passed_after_the_log_was_read_is_news_at_once() -> None:
    search = searched(upto=10)
    assert not search.news.done()
    search.take(examples()[RequestDeferred], 0, 0)
    search.look_up()
    assert search.news.result() == examples()[RequestDeferred]
