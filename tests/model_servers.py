"""An Ollama and a vLLM as far as one asks which models they have, over real HTTP on the loopback address."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "local",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "366 days."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13},
}
TAGS = {
    "models": [
        {"name": "llama3.2:latest", "size": 2_019_393_189},
        {"name": "qwen2.5:0.5b", "size": 397_821_319},
        {"name": "nomic-embed-text:latest", "size": 274_302_450},
    ]
}
SHOWN = {
    "llama3.2:latest": {
        "capabilities": ["completion", "tools"],
        "model_info": {"general.architecture": "llama", "llama.context_length": 131_072},
    },
    "qwen2.5:0.5b": {
        "capabilities": ["completion"],
        "model_info": {"general.architecture": "qwen2", "qwen2.context_length": 2_048},
    },
    "nomic-embed-text:latest": {
        "capabilities": ["embedding"],
        "model_info": {"general.architecture": "nomic-bert", "nomic-bert.context_length": 2_048},
    },
}
CARD = {"id": "Qwen/Qwen3-8B", "object": "model", "owned_by": "vllm", "max_model_len": 40_960}
OLLAMA = {"GET /api/tags": TAGS, "POST /v1/chat/completions": ANSWER}
VLLM = {"GET /v1/models": {"object": "list", "data": [CARD]}, "GET /version": {"version": "0.11.0"}}


@contextmanager
def answering(answers: dict[str, Any], key: str | None = None) -> Iterator[str]:
    """A server at its URL. ``answers`` by method and path; with a ``key``, only the version is told without it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(f"GET {self.path}")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            shown = SHOWN.get(body.get("model", "")) if self.path == "/api/show" else None
            self._answer(f"POST {self.path}", shown)

        def _answer(self, asked: str, shown: Any = None) -> None:
            open_to_all = key is None or asked == "GET /version" or self.headers["authorization"] == f"Bearer {key}"
            told = shown or answers.get(asked)
            self.send_response(401 if not open_to_all else 404 if told is None else 200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told if open_to_all else {}).encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 its name
            """Nothing on the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
