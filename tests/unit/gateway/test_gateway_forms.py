"""Forms with a file in them, and lines of a file: whatever the pieces are in which they come."""

import sys
from collections.abc import Sequence
from itertools import pairwise
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.input_lines import LineReader
from services.gateway.domain.multipart import Field, FormReader, boundary_in
from services.gateway.domain.problems import Refused

BOUNDARY = "7Ma4YWxkTrZu0gW"
CONTENTS = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b"\r\n", b"--", BOUNDARY.encode(), b"x", b"\n", b"-"]), max_size=20).map(b"".join),
).filter(lambda content: f"\r\n--{BOUNDARY}".encode() not in b"\r\n" + content)


def form_of(fields: Sequence[tuple[str, str | None, bytes]]) -> bytes:
    told = b""
    for name, filename, content in fields:
        named = f'; filename="{filename}"' if filename is not None else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
        told += head.encode() + content + b"\r\n"
    return told + f"--{BOUNDARY}--\r\n".encode()


def in_pieces(whole: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    return [whole[start:end] for start, end in pairwise(places)]


def read(pieces: Sequence[bytes]) -> tuple[list[tuple[str, str | None, bytes]], bool]:
    reader, found = FormReader(BOUNDARY), list[tuple[str, str | None, bytes]]()
    for piece in pieces:
        for told in reader.feed(piece):
            if isinstance(told, Field):
                found.append((told.name, told.filename, b""))
            else:
                name, filename, content = found.pop()
                found.append((name, filename, content + told))
    return found, reader.is_whole


@given(
    fields=st.lists(st.tuples(st.sampled_from(["file", "purpose"]), st.sampled_from([None, "a.jsonl"]), CONTENTS)),
    cuts=st.lists(st.integers(0, 2_000), max_size=12),
)
def test_a_form_is_read_whole_however_it_is_cut(fields: list[tuple[str, str | None, bytes]], cuts: list[int]) -> None:
    assert read(in_pieces(form_of(fields), cuts)) == (fields, True)


@given(whole=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=5))
def test_what_is_no_form_is_refused_or_never_whole(whole: bytes, cuts: list[int]) -> None:
    try:
        fields, is_whole = read(in_pieces(whole, cuts))
    except Refused as refused:
        assert refused.problem.status == 400
    else:
        assert not is_whole or BOUNDARY.encode() in whole
        assert not fields or BOUNDARY.encode() in whole


def test_a_form_that_ends_early_is_not_whole() -> None:
    whole = form_of([("file", "a.jsonl", b"{}")])
    assert all(read([whole[:-cut]])[1] is False for cut in range(3, len(whole)))


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/form-data; boundary=abc", "abc"),
        ('multipart/form-data; charset=utf-8; boundary="a b"', "a b"),
        ("Multipart/Form-Data;Boundary=abc;x=y", "abc"),
    ],
)
def test_the_boundary_is_found(header: str, boundary: str) -> None:
    assert boundary_in(header) == boundary


@pytest.mark.parametrize("header", ["", "application/json", "multipart/form-data", "text/plain; boundary=abc"])
def test_what_calls_itself_no_form_is_refused(header: str) -> None:
    with pytest.raises(Refused) as refused:
        boundary_in(header)
    assert refused.value.problem.status == 415


@given(
    lines=st.lists(
        (st.binary(max_size=30) | st.text(" \t\ra", max_size=30).map(str.encode)).map(
            lambda line: line.replace(b"\n", b"")
        )
    ),
    cuts=st.lists(st.integers(0, 500), max_size=8),
    longest=st.integers(1, 30),
)
def test_lines_are_told_with_their_numbers_however_they_are_cut(
    lines: list[bytes], cuts: list[int], longest: int
) -> None:
    reader = LineReader(longest)
    told = [each for piece in in_pieces(b"\n".join(lines), cuts) for each in reader.feed(piece)]
    told += reader.rest()
    wanted = [
        (number, None if len(line.lstrip()) > longest else line.lstrip())
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    assert [(each.number, each.text) for each in told] == wanted


@given(
    lines=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), min_size=1),
    cuts=st.lists(st.integers(0, 500), max_size=8),
)
def test_a_line_is_found_again_where_it_stands(lines: list[bytes], cuts: list[int]) -> None:
    parts = in_pieces(b"\n".join(lines), cuts)
    reader = LineReader(1_000)
    told = [*(each for part in parts for each in reader.feed(part)), *reader.rest()]
    for line in told:
        again = LineReader(1_000, line.number, line.at)
        rest = [each for part in parts[line.at.part :] for each in again.feed(part)] + [*again.rest()]
        assert rest == told[told.index(line) :]


def test_blank_lines_are_one_step_however_many() -> None:
    reader, steps = LineReader(10), 0

    def seen(frame: FrameType, event: str, _: object) -> None:
        nonlocal steps
        steps += event == "call"

    sys.setprofile(seen)
    try:
        told = list(reader.feed(b"\n \r\n" * 100_000 + b"{}\n"))
    finally:
        sys.setprofile(None)
    assert [(each.number, each.text) for each in told] == [(200_001, b"{}")]
    assert steps < 100
