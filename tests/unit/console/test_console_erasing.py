"""``portfolio erase`` as a shell sees it: what is wrong with a choice, and that what cannot be recorded is not done."""

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.content import Body, Owner
from services.console.__main__ import main

NOWHERE = "127.0.0.1:1"
KEYS = SealingConfig.model_validate({"keys": f"a:{b64encode(bytes(32)).decode()}"})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    monkeypatch.setenv("OBJECTS_URL", str(tmp_path / "objects"))
    monkeypatch.setenv("CONSOLE_TIMEOUT_S", "2")
    return ObjectStore(ObjectsConfig(url=str(tmp_path / "objects")))


def sealed(store: ObjectStore, owner: Owner) -> Body:
    return asyncio.run(Vault(store, KEYS).sealed(b"secret", owner))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name one REQUEST, or --tenant with --before"),
        (["--tenant", "acme"], "name one REQUEST"),
        (["--before", "2026-11-01"], "name one REQUEST"),
        ([str(uuid4()), "--tenant", "acme", "--before", "2026-11-01"], "name one REQUEST"),
        (["seven"], '"seven" is no request id'),
        (["--tenant", "acme", "--before", "Monday"], '--before "Monday" is no day'),
    ],
)
def test_a_choice_that_is_none_is_wrong_usage(
    store: ObjectStore, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["erase", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_dry_run_says_what_would_go_and_needs_no_kafka(
    store: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = Owner(uuid4(), "acme", datetime.now(UTC).date())
    body = sealed(store, owner)

    assert main(["erase", str(owner.request_id), "--dry-run", "--json", "--kafka", NOWHERE]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == [{"request_id": str(owner.request_id), "day": owner.day.isoformat(), "erased": False}]
    assert asyncio.run(Vault(store, KEYS).content(body, owner.request_id)) == b"secret"


def test_what_cannot_be_recorded_is_not_erased(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    owner = Owner(uuid4(), "acme", datetime.now(UTC).date())
    body = sealed(store, owner)

    assert main(["erase", str(owner.request_id), "--kafka", NOWHERE]) == 3
    assert asyncio.run(Vault(store, KEYS).content(body, owner.request_id)) == b"secret"


def test_where_nothing_is_kept_it_says_where_it_looked(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", str(uuid4()), "--dry-run", "--kafka", NOWHERE]) == 0
    assert "objects: nothing is kept under a key there" in capsys.readouterr().out
    assert main(["erase", str(uuid4()), "--kafka", NOWHERE]) == 3, "gateways could not hear of it"


def test_a_kafka_clients_answers_are_read_by_who_holds_the_keys(
    store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = Owner(uuid4(), "acme", datetime.now(UTC).date())
    body = asyncio.run(Vault(store, KEYS).sealed(b'{"message": {"content": "Seven."}}', owner))
    end = {"request_id": str(owner.request_id), "status": "verified", "body": json.loads(body.to_json())}
    profiled = {"request": {"request_id": str(owner.request_id)}, "body": end["body"], "attempts": [1]}
    (tmp_path / "events.jsonl").write_text("\n".join(json.dumps(each) for each in (end, profiled, {"answer": 7})))

    assert main(["unseal", str(tmp_path / "events.jsonl")]) == 1
    assert "SEALING_KEYS is not set" in capsys.readouterr().err
    monkeypatch.setenv("SEALING_KEYS", f"a:{b64encode(bytes(32)).decode()}")
    assert main(["unseal", str(tmp_path / "events.jsonl")]) == 0
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    answer = {"message": {"content": "Seven."}}
    assert first == {"request_id": str(owner.request_id), "status": "verified", "answer": answer}
    assert (json.loads(second["body"]["inline"]), second["attempts"], third) == (answer, [1], {"answer": 7})


def test_a_record_that_cannot_be_read_stays_sealed_and_holds_up_no_other(
    store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALING_KEYS", f"a:{b64encode(bytes(32)).decode()}")
    erased, kept = (Owner(uuid4(), "acme", datetime.now(UTC).date()) for _ in range(2))
    ends = [
        {"request_id": str(each.request_id), "body": json.loads(sealed(store, each).to_json())}
        for each in (erased, kept)
    ]
    odd = {"request_id": str(kept.request_id), "body": {**ends[1]["body"], "bytes": "many"}}
    asyncio.run(store.remove(f"keys/{erased.day}/{erased.request_id}"))
    (tmp_path / "events.jsonl").write_text("\n".join(json.dumps(each) for each in (ends[0], odd, ends[1])))

    assert main(["unseal", str(tmp_path / "events.jsonl")]) == 1
    out, err = capsys.readouterr()
    *unread, read = map(json.loads, out.splitlines())
    assert (unread, read["body"]["inline"]) == ([ends[0], odd], "secret")
    assert "line 1 stays sealed: the content's key is gone" in err
    assert "line 2 stays sealed: it is not as the services write it" in err
    assert "2 of the documents stay sealed" in err


@pytest.mark.parametrize("line", ["seven", "[7]", "{"])
def test_what_is_no_event_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    (tmp_path / "events.jsonl").write_text(f"{{}}\n{line}\n")
    assert main(["unseal", str(tmp_path / "events.jsonl")]) == 2
    assert "line 2 is no JSON object" in capsys.readouterr().err
