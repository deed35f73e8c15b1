"""A language model on a loopback port that knows German: one phrase of it, and how to plan for it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MODEL = "openai/interpreter"
ENGLISH, GERMAN = "The lease ends by itself.", "Der Pachtvertrag endet von selbst."
LANGUAGE = "German"


class Interpreter:
    """Answers in the schema that is asked for; `prompts` are what it was asked, by purpose."""

    def __init__(self) -> None:
        self.prompts: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, purpose: str, prompt: str) -> dict[str, Any]:
        self.prompts[purpose] = prompt
        match purpose:
            case "plan":
                given = {"text": ENGLISH, "language": LANGUAGE}
                step: dict[str, Any] = {
                    "id": "german",
                    "role": "translator",
                    "title": "German",
                    "input": given,
                    "after": [],
                }
                return {"steps": [step], "criteria": ["It is German."]}
            case "translate":
                assert ENGLISH in prompt
                return {"text": GERMAN, "language": LANGUAGE}
            case "review":
                return {"decision": "approve", "reasons": [], "note": "It is German."}
            case _:
                raise AssertionError(purpose)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        interpreter = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                purpose = body["response_format"]["json_schema"]["name"]
                answer = interpreter.answer(purpose, body["messages"][0]["content"])
                choice = {
                    "message": {"role": "assistant", "content": json.dumps(answer)},
                    "finish_reason": "stop",
                }
                usage = {"prompt_tokens": 10, "completion_tokens": 5}
                text = json.dumps({"model": "interpreter", "choices": [choice], "usage": usage}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
                pass

        return Handler
