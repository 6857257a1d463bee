"""Serves one GGUF file over llama.cpp's OpenAI-compatible HTTP API until SIGTERM. Run as a script, by `model.py`."""

import argparse
import os
import signal
import sys
from importlib import import_module
from typing import Any

ANSWER_TOKENS = 1024  # when a request names no max_tokens: a small model may never stop by itself


def main() -> None:
    wanted = read_arguments()
    # Blocked before the server's threads begin, which inherit it: only the wait below takes the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    server = serve(wanted)
    sys.stdout.write(f"listening on {server.listening_address}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True, help="path of the GGUF file")
    parser.add_argument("--name", required=True, help="the model's name in answers and in /v1/models")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--slots", type=int, required=True, help="requests answered at once; others wait in turn")
    parser.add_argument("--context-tokens", type=int, required=True, help="prompt and answer of one request")
    return parser.parse_args()


def serve(wanted: argparse.Namespace) -> Any:
    # A thread that spins for another takes the core that the other one needs: on a busy machine that costs most of the
    # speed. OpenMP reads this when it is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    llama: Any = import_module("xllamacpp")  # it has no types, and is installed from a lock of its own

    settings = llama.CommonParams()
    settings.model.path = wanted.weights
    settings.model_alias = {wanted.name}
    settings.hostnames = [wanted.host]
    settings.port = wanted.port
    settings.n_parallel = wanted.slots
    settings.n_ctx = wanted.context_tokens * wanted.slots  # llama.cpp divides it among the slots
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = wanted.threads
    settings.n_threads_http = wanted.slots + 2
    settings.n_predict = ANSWER_TOKENS
    settings.cache_ram_mib = 0  # else it keeps up to 8 GiB of old prompts
    settings.n_ctx_checkpoints = 0
    settings.embedding = True  # it still answers chats, at no other cost than a warning for each prompt
    settings.pooling_type = llama.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    settings.verbosity = 1  # errors; prompts are logged far above
    settings.ui = False
    settings.endpoint_slots = False
    settings.cors_origins = ""  # no web page may ask it
    return llama.Server(settings)


if __name__ == "__main__":
    main()
