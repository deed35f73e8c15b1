"""A shelf of one page for the built-in agents, and the tools that read it."""

from typing import Any

from interlock.contracts.effect import Call, ModelCall, ToolCall

FILE = "lease.md"
PAGE = "# Lease\n\nA lease ends\nby itself. It is renewed by its holder.\n"
TRUE = "A lease ends\nby itself."
FALSE = "A lease never ends."
PASSAGE = {"file": FILE, "line": 3, "last_line": 4, "heading": "Lease", "text": PAGE[9:], "score": 2.0}


def citation(quote: str, line: int = 3) -> dict[str, Any]:
    return {"quote": quote, "file": FILE, "line": line}


def claim(text: str, *quotes: str) -> dict[str, Any]:
    return {"text": text, "citations": [citation(quote) for quote in quotes]}


def findings(
    *claims: dict[str, Any], question: str = "What is a lease?", unanswered: str = ""
) -> dict[str, Any]:
    return {"question": question, "claims": list(claims), "unanswered": unanswered}


class Shelf:
    """A script for a peer: tools that know the page, and a model's answers by purpose."""

    def __init__(self, hits: int = 1, **answers: Any) -> None:
        self.hits = [PASSAGE] * hits
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.answers = answers
        self.calls: list[Call] = []

    def __call__(self, call: Call) -> Any:
        self.calls.append(call)
        if isinstance(call, ModelCall):
            return self.answers[call.purpose]
        assert isinstance(call, ToolCall)
        return getattr(self, call.tool)(**call.arguments)

    def model(self, purpose: str) -> ModelCall:
        """Return the one call with a purpose."""
        (found,) = (call for call in self.calls if isinstance(call, ModelCall) and call.purpose == purpose)
        return found

    def tools(self, name: str) -> list[dict[str, Any]]:
        """Return the arguments of the calls of a tool."""
        return [call.arguments for call in self.calls if isinstance(call, ToolCall) and call.tool == name]

    def search(self, query: str, limit: int) -> Any:
        return {"hits": self.found.get(query, self.hits)[:limit], "terms": [], "passages": 1}

    def check_quotes(self, quotes: list[dict[str, Any]]) -> Any:
        return {"results": [one | {"line": 3, "stands": one["quote"] in PAGE} for one in quotes]}

    def write_file(self, path: str, text: str) -> Any:
        return {"path": path, "sha256": "0" * 64, "size_bytes": len(text)}
