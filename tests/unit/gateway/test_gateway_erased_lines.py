"""A line whose request was erased leaves its batch's files, whatever parts these come in, and all others stay."""

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from batch_trials import Trial, line
from hypothesis import given
from hypothesis import strategies as st

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.failures import ContentLost, ObjectsAway
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.content import Body
from schemas.operator import OperatorActed
from schemas.outcome import RequestCompleted
from schemas.standing import PortfolioRevised
from schemas.vocabulary import Deed
from services.gateway.adapters import batch_output, batch_run
from services.gateway.adapters.batch_lines import AskedLine
from services.gateway.adapters.erased_lines import DUE, Due, LineErasing
from services.gateway.adapters.file_store import Part, PartChanged
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.domain.batch import BatchStatus, Times
from services.gateway.domain.batch_line import LINE_BEGINS, Line, unanswered
from services.gateway.domain.erased_lines import (
    Edit,
    LineOfRequest,
    NumberedLine,
    Sought,
    Span,
    blanked,
    cut_out,
    erased_in,
    touches,
)
from services.gateway.domain.files import content_gone, in_pieces
from services.gateway.domain.input_lines import LineReader
from services.gateway.domain.problems import Refused, no_key

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYS = SealingConfig.model_validate({"keys": f"a:{b64encode(bytes(32)).decode()}"})
SIZES = st.integers(1, 12)
TEXTS = st.lists(st.sampled_from([b"", b"a", b"bc", b" ", b"{1}", b"a-long-line-of-a-file"]), min_size=1, max_size=8)


def edited(content: bytes, size: int, sought: Sought, edit: Edit) -> bytes:
    parts = in_pieces(content, size)
    for part in parts:
        sought.feed(part)
    if (span := sought.span) is None:
        return content
    whole, at = b"", 0
    for part in parts:
        whole += edit(part, at, span) if touches(span, at, len(part)) else part
        at += len(part)
    return whole


def read(content: bytes) -> dict[int, bytes | None]:
    reader = LineReader(1_000)
    return {each.number: each.text for each in [*reader.feed(content), *reader.rest()]}


@given(TEXTS, st.integers(1, 10), SIZES, st.booleans())
def test_a_blank_line_is_none_and_all_others_keep_their_numbers(
    texts: list[bytes], number: int, size: int, is_ended: bool
) -> None:
    content = b"\n".join(texts) + (b"\n" if is_ended else b"")
    found = edited(content, size, NumberedLine(number), blanked)
    assert len(found) == len(content)
    assert read(found) == {n: text for n, text in read(content).items() if n != number}


@given(st.lists(st.integers(0, 5), max_size=6, unique=True), st.integers(0, 5), st.integers(1, 200))
def test_the_line_of_a_request_goes_alone(there: list[int], goes: int, size: int) -> None:
    ids = {n: UUID(int=n + 1) for n in range(6)}
    lines = {n: unanswered(Line(n, f"c{n}", b""), ids[n], "batch_expired").text for n in there}
    found = edited(b"".join(lines.values()), size, LineOfRequest(ids[goes]), cut_out)
    assert found == b"".join(text for n, text in lines.items() if n != goes)


def test_a_line_of_an_output_begins_as_it_is_looked_for() -> None:
    request_id = uuid4()
    text = unanswered(Line(1, f'{{"id":"batch_req_{uuid4().hex}"', b""), request_id, "batch_expired").text
    assert text.startswith(LINE_BEGINS % request_id.hex.encode())
    assert edited(text, 7, LineOfRequest(uuid4()), cut_out) == text


def test_only_one_request_that_is_erased_is_a_line() -> None:
    request_id = uuid4()

    def acted(deed: str, on: str) -> OperatorActed:
        return OperatorActed(by="dora", deed=deed, on=on, at=NOON)

    assert erased_in(acted(Deed.CONTENT_ERASED, str(request_id))) == request_id
    assert erased_in(acted(Deed.CONTENT_ERASED, "acme before 2026-03-01")) is None
    assert erased_in(acted(Deed.REVIEW_ANSWERED, str(request_id))) is None


class Store:
    """Parts of one file, as they stand in PostgreSQL."""

    def __init__(self) -> None:
        self.kept: list[Part] = []
        self.replaced: list[Part] = []

    async def parts(self, file_id: UUID) -> list[Part]:
        return list(self.kept)

    async def is_empty(self, file_id: UUID) -> bool:
        return False

    async def replace(self, file_id: UUID, before: Sequence[Part], by: Mapping[int, Part]) -> None:
        if self.kept != before:
            raise PartChanged
        self.replaced += [before[number] for number in by]
        self.kept = [by.get(number, part) for number, part in enumerate(before)]

    async def let_go(self, file_id: UUID, parts: Collection[Part]) -> None:
        self.replaced += parts


class Failing(ObjectStore):
    """One that keeps only so many objects more, and then refuses one."""

    left = -1

    async def put(self, content: bytes) -> Body:
        self.left -= 1
        if self.left == -1:
            raise ObjectsAway("no store")
        return await super().put(content)


@pytest.mark.parametrize("sealing", [SealingConfig(), KEYS], ids=["open", "sealed"])
async def test_what_holds_a_line_is_put_anew_and_can_be_read_by_nobody(
    sealing: SealingConfig, revised: PortfolioRevised
) -> None:
    objects, store = ObjectStore(ObjectsConfig(url=f"memory://{uuid4().hex}")), Store()
    vault = Vault(objects, sealing)
    files, file_id = KeptFiles(store, objects, vault), uuid4()  # type: ignore[arg-type]
    for text in (b"one\ntwo\nthr", b"ee\nfour\n", b"five\n"):
        store.kept.append(await files.put(file_id, "one", text, revised.portfolio))
    before, reading = list(store.kept), files.content(file_id)
    assert await anext(reading) == b"one\ntwo\nthr"
    await files.lose(file_id, "one", NumberedLine(3), blanked)
    assert [store.kept[n] == before[n] for n in range(3)] == [False, False, True]
    assert store.replaced == before[:2]
    for part in store.replaced:
        await files.erase_part(file_id, part.body)
    assert b"".join([part async for part in reading]) == b"  \nfour\nfive\n", "who reads it goes on"
    assert b"".join([part async for part in files.content(file_id)]) == b"one\ntwo\n     \nfour\nfive\n"
    for part in store.replaced:
        with pytest.raises(ContentLost):
            await vault.content(part.body, file_id)
    if sealing is KEYS:
        assert len(await objects.names(f"keys/{datetime.now(UTC).date()}/{file_id}")) == 3, "a key of each part"


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def objects() -> Failing:
    return Failing(ObjectsConfig(url=f"memory://{uuid4().hex}"))


async def output_of_two_parts(files: KeptFiles, store: Store, revised: PortfolioRevised) -> list[UUID]:
    """The requests of its three lines, of which the second stands in both parts."""
    asked = [uuid4() for _ in range(3)]
    lines = [LINE_BEGINS % each.hex.encode() + b'"the answer"}\n' for each in asked]
    cut = len(lines[0]) + len(lines[1]) - 5
    for text in (b"".join(lines)[:cut], b"".join(lines)[cut:]):
        store.kept.append(await files.put(uuid4(), "one", text, revised.portfolio))
    return asked


async def test_a_line_of_two_parts_leaves_both_or_is_found_again(
    objects: Failing, store: Store, revised: PortfolioRevised
) -> None:
    files = KeptFiles(store, objects, Vault(objects, SealingConfig()))  # type: ignore[arg-type]
    asked = await output_of_two_parts(files, store, revised)
    before, objects.left = list(store.kept), 1
    with pytest.raises(Refused):
        await files.lose(uuid4(), "one", LineOfRequest(asked[1]), cut_out)
    assert store.kept == before
    assert len(store.replaced) == 1, "what was put is erased"
    await files.lose(uuid4(), "one", LineOfRequest(asked[1]), cut_out)
    left = b"".join([part async for part in files.content(uuid4())])
    assert left == b"".join(LINE_BEGINS % asked[n].hex.encode() + b'"the answer"}\n' for n in (0, 2))


async def test_who_read_a_file_while_another_changed_it_looks_again(
    objects: Failing, store: Store, revised: PortfolioRevised
) -> None:
    files = KeptFiles(store, objects, Vault(objects, SealingConfig()))  # type: ignore[arg-type]
    asked = await output_of_two_parts(files, store, revised)

    class Meanwhile(LineOfRequest):
        """Another takes the line before it out while this one reads."""

        def feed(self, part: bytes) -> None:
            store.kept[0] = Part(store.kept[0].body, store.kept[0].size - 1)
            super().feed(part)

    for request_id in (asked[2], uuid4()):
        with pytest.raises(PartChanged):
            await files.lose(uuid4(), "one", Meanwhile(request_id), cut_out)
    assert store.replaced == []


async def test_a_part_that_is_gone_and_has_no_other_in_its_place_is_told_so(revised: PortfolioRevised) -> None:
    objects, store = ObjectStore(ObjectsConfig(url=f"memory://{uuid4().hex}")), Store()
    files, file_id = KeptFiles(store, objects, Vault(objects, KEYS)), uuid4()  # type: ignore[arg-type]
    store.kept.append(await files.put(file_id, "one", b"one\n", revised.portfolio))
    await files.erase_part(file_id, store.kept[0].body)
    assert await objects.read(str(store.kept[0].body.ref)) is None
    with pytest.raises(Refused) as refused:
        await anext(files.content(file_id))
    assert refused.value.problem == content_gone().problem


class Rows:
    """A database with these lines to erase, and nothing that was replaced; which of them are done."""

    def __init__(self, *due: Due) -> None:
        self.due = due
        self.done: list[int] = []

    async def patiently(self, work: Any) -> Any:
        return await work(self)

    async def fetch(self, statement: str) -> Any:
        return self.due if statement == DUE else []

    async def execute(self, statement: str, batch_id: UUID, number: int, has_ended: bool) -> None:
        self.done.append(number)


async def test_what_cannot_be_erased_now_holds_up_no_other() -> None:
    sealed, gone, changed, there = uuid4(), uuid4(), uuid4(), uuid4()

    class Files:
        async def erase_content(self, owner_id: UUID) -> None:
            """Its keys are gone."""

        async def lose(self, file_id: UUID, *_: Any) -> None:
            if file_id in (sealed, gone):
                raise no_key("SEALING_KEYS has no key a") if file_id == sealed else content_gone()
            if file_id == changed:
                raise PartChanged

    rows = Rows(
        *(
            Due(uuid4(), n, uuid4(), "one", each, True, False, ())
            for n, each in enumerate((sealed, gone, changed, there))
        )
    )
    assert not await LineErasing(rows, Files()).erase_due()  # type: ignore[arg-type]
    assert rows.done == [1, 3], "what nobody can read any more is erased"
    rows.due = rows.due[3:]
    assert await LineErasing(rows, Files()).erase_due()  # type: ignore[arg-type]


@pytest.fixture
def trial(revised: PortfolioRevised, make_completed: Any, monkeypatch: pytest.MonkeyPatch) -> Trial:
    for module, name in ((batch_run, "RENEW_S"), (batch_run, "GRACE_S"), (batch_output, "FLUSH_S")):
        monkeypatch.setattr(module, name, 0.01)

    def answered(asked: Any) -> RequestCompleted:
        return make_completed(asked.request_id)

    return Trial(revised, answered)


async def test_lines_that_were_erased_are_asked_no_more_and_the_batch_ends(trial: Trial) -> None:
    blank = b" " * (len(line("a")) - 1) + b"\n"
    batch = trial.store.add(
        trial.files.add(line("b"), blank, line("c")),
        total=3,
        status=BatchStatus.IN_PROGRESS,
        times=Times(in_progress_at=NOON),
    )
    trial.store.asked[2] = AskedLine(2, 0, uuid4(), NOON)
    trial.store.erased_lines = {2, 3}
    await (await trial.run())
    over = trial.store.batches[batch]
    assert (over.status, over.tally.completed, over.tally.failed) == (BatchStatus.COMPLETED, 1, 2)
    assert set(trial.files.told) == {"b"}
    assert len(trial.said) == 1


def test_a_span_touches_what_holds_some_of_it() -> None:
    assert [touches(Span(3, 6), at, 3) for at in (0, 3, 6)] == [False, True, False]
