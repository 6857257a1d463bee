"""`make up` and `make demo` from the outside, with the small local model: what a user pastes, and how it ends."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pipeline.waiting import until

from infra.local.jaeger import jaeger_binary
from journeys.processes import Process, all_gone
from journeys.up import REPOSITORY, START_S, Up, clone_in

ADDRESSES = {"kafka", "database", "gateway", "api_key", "ledger", "console", "metrics", "otlp", "jaeger"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone_in(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def up(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A stack that tests only use; the last test stops it."""
    process = Up(clone, tmp_path_factory.mktemp("up") / "output.txt")
    try:
        yield process.until_it_greets()
    finally:
        process.clean_up()


def ask(up: Up) -> UUID:
    """Ask the first line that is printed; the request's id."""
    answer = up.paste_question(f"{up.lines_to_paste()[0]} --json")
    assert answer.returncode == 0, answer.stderr
    return UUID(json.loads(answer.stdout)["request_id"])


def test_it_tells_where_everything_is(up: Up) -> None:
    addresses = up.addresses()
    assert set(addresses) == ADDRESSES
    for part in ("gateway", "ledger", "console"):
        assert httpx.get(f"{addresses[part]}/ready", trust_env=False).status_code == 200
    told = (up.clone / ".portfolio" / "addresses.json").stat()
    assert told.st_mode & 0o077 == 0, "it holds the database's password"
    password = (addresses["database"] or "").partition("@")[0].rpartition(":")[2]
    assert password not in up.output()


TRACED = ("profiler", "router", "model_worker", "validator", "escalation", "ledger")


def test_the_three_lines_work_when_pasted(up: Up) -> None:
    ask_line, curl, trace = up.lines_to_paste()
    asked = up.paste_question(ask_line)
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert json.loads(up.paste_question(curl).stdout)["choices"][0]["message"]["content"]
    drawn = up.paste(trace)
    if jaeger_binary() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("in CI the trace is read from Jaeger: build it before, with `make jaeger`")
        assert drawn.returncode == 3
        assert "Jaeger" in drawn.stderr
    else:
        assert drawn.returncode == 0, drawn.stdout + drawn.stderr
        until(lambda: all(name in up.paste(trace).stdout for name in TRACED), "each service has sent its spans")


def test_its_gateway_wants_a_key_and_its_own_key_makes_others(up: Up) -> None:
    addresses = up.addresses()
    models = f"{addresses['gateway']}/v1/models"
    assert httpx.get(models, trust_env=False).status_code == 401
    made = up.paste(".venv/bin/portfolio keys create shop --tenant shop --json")
    assert made.returncode == 0, made.stderr
    key = json.loads(made.stdout)
    assert httpx.get(models, headers={"authorization": f"Bearer {key['key']}"}, trust_env=False).status_code == 200
    assert key["prefix"] in up.paste(".venv/bin/portfolio keys list").stdout
    assert up.paste(f".venv/bin/portfolio keys revoke {key['prefix']}").returncode == 0
    assert up.paste(".venv/bin/portfolio keys revoke mp-000000000000").returncode == 1


def test_a_second_one_in_the_same_folder_says_so_and_disturbs_nothing(up: Up, tmp_path: Path) -> None:
    before = up.addresses()
    second = Up(up.clone, tmp_path / "second.txt")
    try:
        assert second.ended() == 1
    finally:
        second.clean_up()
    assert "is up in .portfolio already" in second.output()
    third = up.paste(".venv/bin/portfolio up")
    assert (third.returncode, third.stdout) == (1, second.output())
    assert up.addresses() == before
    assert up.runs
    assert ask(up)


def test_ctrl_c_ends_all_and_what_was_asked_is_known_after_a_restart(up: Up, tmp_path: Path) -> None:
    request_id = ask(up)
    family = up.family()
    assert len(family) > 3, "Kafka, PostgreSQL and the model are processes of their own"
    up.tell(signal.SIGINT)
    assert up.ended() == 0, up.output()
    until(lambda: all_gone(family), "no process is left")
    assert not (up.clone / ".portfolio" / "addresses.json").exists()
    again = Up(up.clone, tmp_path / "again.txt")
    try:
        again.until_it_greets()
        shown = again.paste(f".venv/bin/portfolio show {request_id} --json")
        assert shown.returncode == 0, shown.stderr
        assert json.loads(shown.stdout)["request"]["request_id"] == str(request_id)
        family = again.family()
        assert again.stop() == 0, again.output()
        until(lambda: all_gone(family), "no process is left")
    finally:
        again.clean_up()


def test_a_provider_whose_variable_is_not_set_is_named_and_the_others_answer(tmp_path: Path) -> None:
    clone = clone_in(tmp_path)
    document = (clone / "portfolio.yaml").read_text()
    (clone / "portfolio.yaml").unlink()
    acme = 'providers:\n  acme: {adapter: openai_compatible, base_url: "${ACME_URL}", region: eu}\n'
    (clone / "portfolio.yaml").write_text(document.replace("providers:\n", acme))
    process = Up(clone, tmp_path / "output.txt")
    try:
        ask(process.until_it_greets())
        assert "provider acme has no worker: ACME_URL is not set here." in process.output()
    finally:
        process.clean_up()


def test_ctrl_c_while_it_starts_leaves_nothing(clone: Path, tmp_path: Path) -> None:
    starting = Up(clone, tmp_path / "starting.txt")
    try:
        until(lambda: len(starting.family()) > 1, "the first part starts")
        family = starting.family()
        starting.tell(signal.SIGINT)
        assert starting.ended() == 130, starting.output()
    finally:
        starting.clean_up()
    assert "Stopped while starting." in starting.output()
    until(lambda: all_gone(family), "no process is left")


def test_the_demo_takes_every_sample_to_its_end_and_leaves_nothing(clone: Path, tmp_path: Path) -> None:
    left = tmp_path / "temporary"
    left.mkdir()
    demo = Process("infra.local", "demo", folder=clone, log=tmp_path / "demo.txt", environment={"TMPDIR": str(left)})
    family = set(demo.family())
    try:
        until(lambda: family.update(demo.family()) or not demo.runs, "the demo ends", START_S, poll_s=0.5)
        assert demo.ended() == 0, demo.output()
    finally:
        demo.clean_up()
    samples = (REPOSITORY / "examples" / "requests.jsonl").read_text().splitlines()
    for sample in map(json.loads, samples):
        assert f"{sample['metadata']['name']}: " in demo.output()
    assert f"{len(samples)} requests: " in demo.output()
    assert len(family) > 3
    until(lambda: all_gone(list(family)), "no process is left")
    assert list(left.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_told_to_end_leaves_nothing(clone: Path, tmp_path: Path, number: signal.Signals) -> None:
    left = tmp_path / "temporary"
    left.mkdir()
    demo = Process("infra.local", "demo", folder=clone, log=tmp_path / "demo.txt", environment={"TMPDIR": str(left)})
    try:
        until(lambda: "Submitting" in demo.output() or not demo.runs, "the demo is under way", START_S)
        family = demo.family()
        demo.tell(number)
        assert demo.ended() == 130, demo.output()
    finally:
        demo.clean_up()
    assert "Stopped." in demo.output()
    until(lambda: all_gone(family), "no process is left")
    assert list(left.iterdir()) == []
