"""Our Fetch request and response against the library's own encoding of the same."""

from io import BytesIO
from typing import Any

from aiokafka.protocol.fetch import FetchRequest_v11, FetchResponse_v11
from hypothesis import given
from hypothesis import strategies as st

from infra.bus.fetch_sessions import LAST_EPOCH, Session
from infra.bus.fetch_wire import Fetched, FetchTerms, SessionFetch

TERMS = FetchTerms(longest_wait_ms=500, least_bytes=1, most_bytes=50_000_000, most_partition_bytes=1_048_576)
names = st.text("abc.-_", min_size=1, max_size=8)
offsets = st.integers(0, 2**62)
partitions = st.dictionaries(names, st.lists(st.tuples(st.integers(0, 99), offsets), min_size=1, max_size=4))
told = st.lists(
    st.tuples(
        names,
        st.lists(
            st.tuples(
                st.integers(0, 99),
                st.sampled_from((0, 1, 6)),
                offsets,
                offsets,
                offsets,
                st.one_of(st.none(), st.lists(st.tuples(offsets, offsets), max_size=2)),
                st.just(-1),
                st.binary(max_size=9),
            ),
            max_size=3,
        ),
    ),
    max_size=4,
)


@given(partitions, st.integers(0, 2**31 - 1), st.integers(0, LAST_EPOCH))
def test_a_request_is_what_the_library_would_pack(asked: dict[str, Any], session: int, epoch: int) -> None:
    ours = SessionFetch(session, epoch, asked, TERMS).packed()
    topics = [(t, [(p, -1, o, -1, TERMS.most_partition_bytes) for p, o in found]) for t, found in asked.items()]
    library: Any = FetchRequest_v11(-1, 500, 1, 50_000_000, 0, session, epoch, topics, [], "")
    assert ours == library.encode()


@given(told, st.integers(0, 2**31 - 1))
def test_an_answer_is_what_the_library_would_read_without_those_that_say_nothing(topics: Any, session: int) -> None:
    library: Any = FetchResponse_v11(0, 0, session, topics)
    head = b"\0\0\0\1"
    stream = BytesIO(head + library.encode())
    stream.read(len(head))

    ours = Fetched.decode(stream)

    said = [(topic, [p for p in found if p[1] or p[-1]]) for topic, found in topics]
    assert [(t, [(*p[:5], *p[6:]) for p in found]) for t, found in ours.topics] == [
        (t, [(*p[:5], *p[6:]) for p in found]) for t, found in said if found
    ]
    assert (ours.session, ours.error_code) == (session, 0)
    assert ours.has_errors == any(p[1] for _, found in said for p in found)


def test_a_topic_that_is_named_twice_keeps_all_its_partitions() -> None:
    answer = Fetched(0, 7, [("a", [(0, 0, b"x")]), ("b", [(1, 0, b"x")]), ("a", [(2, 0, b"x")])])
    fetched = {("a", 0): 5, ("b", 1): 6, ("a", 2): 7, ("a", 3): 8}
    assert answer.offsets(fetched) == {"a": [(0, 5), (2, 7)], "b": [(1, 6)]}


def test_a_session_counts_its_fetches_and_starts_over_where_the_broker_gives_none() -> None:
    session = Session()
    assert session.next_fetch({"a": [(0, 5)]}, TERMS).epoch == 0
    session.answered(Fetched(0, 7, []))
    assert (session.next_fetch({"a": [(0, 6)]}, TERMS).session, session.epoch) == (7, 1)
    session.epoch = LAST_EPOCH
    session.answered(Fetched(0, 7, []))
    assert session.epoch == 1
    session.answered(Fetched(0, 0, []))
    assert session.epoch == 0
