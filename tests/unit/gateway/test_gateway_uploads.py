"""A file that comes in a form: no more is read, kept or waited for than a file may need."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from starlette.requests import Request

from services.gateway.adapters import upload as uploads
from services.gateway.adapters.kept_files import MOST_UPLOADS, KeptFiles, Writing
from services.gateway.adapters.upload import BESIDE_BYTES, LEAST_BYTES_A_S, MOST_FIELDS, Upload
from services.gateway.domain.problems import Refused

LIMIT = 1_000
MARK = "7Ma4YWxkTrZu0gW"


def field(name: str, content: bytes, more: str = "") -> bytes:
    return f'--{MARK}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


FILE = field("file", b"{}\n", '; filename="a.jsonl"')
END = f"--{MARK}--\r\n".encode()


class Clock:
    """Goes on by so many seconds with each piece."""

    def __init__(self, each_s: float) -> None:
        self.each_s = each_s
        self.now = 0.0


def upload(pieces: Sequence[bytes], clock: Clock | None = None) -> Upload:
    rest = iter(pieces)

    async def receive() -> dict[str, Any]:
        if clock is not None:
            clock.now += clock.each_s
        piece = next(rest, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    headers = [(b"content-type", f"multipart/form-data; boundary={MARK}".encode())]
    return Upload(Request({"type": "http", "method": "POST", "headers": headers}, receive), LIMIT, 20.0)


async def read(upload: Upload) -> bytes:
    kept = bytearray()

    async def write(piece: bytes) -> None:
        kept.extend(piece)

    await upload.read(write)
    return bytes(kept)


async def refused(upload: Upload) -> int:
    with pytest.raises(Refused) as found:
        await read(upload)
    return found.value.problem.status


async def test_a_field_that_nobody_knows_is_read_past() -> None:
    form = upload([field("purpose", b"batch"), field("other", b"x" * 5_000), FILE, END])
    assert await read(form) == b"{}\n"
    assert form.fields == {"purpose": "batch"}


async def test_a_form_of_many_fields_is_refused() -> None:
    assert await refused(upload([field(f"f{number}", b"") for number in range(MOST_FIELDS + 1)])) == 400


async def test_a_known_field_that_is_long_is_refused() -> None:
    assert await refused(upload([field("purpose", b"x" * 2_000)])) == 400


@pytest.mark.parametrize("before", [True, False])
async def test_what_stands_before_and_after_the_form_counts(before: bool) -> None:
    whole, much = field("purpose", b"batch") + FILE + END, [b"x" * 1_000] * (BESIDE_BYTES // 1_000 + 2)
    pieces = [*much, whole] if before else [whole, *much]
    assert await refused(upload(pieces)) == 413


async def test_a_file_that_trickles_is_refused_though_it_never_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(each_s=4.0)
    monkeypatch.setattr(uploads, "monotonic", lambda: clock.now)
    trickle = [field("purpose", b"batch"), FILE.removesuffix(b"\r\n"), *[b" "] * 30]
    assert await refused(upload(trickle, clock)) == 408
    assert clock.now < 40


async def test_a_file_that_comes_at_the_least_rate_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(each_s=1.0)
    monkeypatch.setattr(uploads, "monotonic", lambda: clock.now)
    monkeypatch.setattr(f"{__name__}.LIMIT", 40 * LEAST_BYTES_A_S)
    content = [b"x" * LEAST_BYTES_A_S] * 30
    taken = upload([FILE.removesuffix(b"\r\n"), *content, b"\r\n" + END], clock)
    assert await read(taken) == b"{}\n" + b"".join(content)


async def test_so_many_come_in_at_once() -> None:
    files = KeptFiles(cast("Any", None), cast("Any", None), cast("Any", None))
    files.discard = nothing  # type: ignore[method-assign]
    coming = [Writing(files, cast("Any", None), "one", None) for _ in range(MOST_UPLOADS + 1)]
    for each in coming[:-1]:
        await each.__aenter__()
    with pytest.raises(Refused) as found:
        await coming[-1].__aenter__()
    assert found.value.problem.status == 503
    await coming[0].__aexit__()
    await coming[-1].__aenter__()


async def nothing(*_: Any) -> None:
    """Nothing is discarded."""
