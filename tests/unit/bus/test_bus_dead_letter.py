from hypothesis import given
from hypothesis import strategies as st
from log_records import record

from infra.bus.dead_letter import REPLAY_OF, dead_letter, is_letter, own_headers
from schemas.envelope import FIRST_PLACE

headers = st.lists(st.tuples(st.text(max_size=9), st.none() | st.binary(max_size=9)), max_size=4).map(tuple)


@given(headers, st.none() | st.binary(), st.none() | st.binary())
def test_a_letter_keeps_the_record_whole(
    told: tuple[tuple[str, bytes | None], ...], key: bytes | None, value: bytes | None
) -> None:
    letter = dead_letter("p.dead-letters.router", record(value, key=key, headers=told), "wrong_shape", "lane: wrong")

    assert (letter.topic, letter.key, letter.value) == ("p.dead-letters.router", key, value)
    assert tuple(letter.headers[: len(told)]) == told


def test_a_letter_says_where_it_came_from_and_why() -> None:
    letter = dead_letter("p.dead-letters.router", record(), "wrong_shape", "lane: größer als erlaubt")

    assert dict(letter.headers) == {
        "dl_reason": b"wrong_shape",
        "dl_detail": "lane: größer als erlaubt".encode(),
        "dl_topic": b"p.request.submitted",
        "dl_partition": b"3",
        "dl_offset": b"41",
        "dl_timestamp_ms": b"1772442000123",
    }


@given(headers)
def test_a_letter_gives_back_what_it_came_with_whatever_its_sender_called_a_header(
    told: tuple[tuple[str, bytes | None], ...],
) -> None:
    marks = ((FIRST_PLACE, b"p.request.profiled:0:1"), (REPLAY_OF, b"router@1"))
    forged = (("dl_reason", b"forged"), *told, *marks)
    letter = dead_letter("p.dead-letters.router", record(headers=forged), "wrong_shape", "lane: wrong")

    assert is_letter(letter.headers)
    assert not is_letter(forged)
    assert own_headers(letter.headers) == [header for header in forged if header not in marks]
