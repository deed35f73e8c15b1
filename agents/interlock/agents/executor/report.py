"""The report: Markdown in which every claim is followed by its quotation, its file and its line."""

from itertools import groupby
from typing import Any

import msgspec

from interlock.agents.executor.material import Material
from interlock.contracts.roles import Citation, Claim

MOST_OTHER_CHARS = 20_000
MOST_TITLE_CHARS = 300
NOTHING = "The documents do not say."


def written(title: str, summary: str, material: Material) -> str:
    """Return the report; the claims are numbered as they stand in `material`."""
    parts = [f"# {_shortened(' '.join(title.split()))}"]
    if not material.claims and not material.others:
        parts.append(NOTHING)
    if summary:
        parts.append(summary)
    parts += _answers(material)
    parts += [_other(step, value) for step, value in material.others.items()]
    if material.unanswered:
        lines = "\n".join(f"- {line}" for line in material.unanswered)
        parts.append(f"## What the documents do not say\n\n{lines}")
    if material.left_out:
        parts.append(f"{material.left_out} more claims were found and left out: there was no room.")
    return "\n\n".join(parts) + "\n"


def not_filed(report: str, path: str, reason: str) -> str:
    """Return the report with the reason why it stands in no file."""
    return f"{report}\n## What was not done\n\n{path} was not written: {' '.join(reason.split())}\n"


def _shortened(line: str) -> str:
    return line if len(line) <= MOST_TITLE_CHARS else f"{line[:MOST_TITLE_CHARS]}…"


def _answers(material: Material) -> list[str]:
    parts: list[str] = []
    numbered = zip(range(1, len(material.claims) + 1), material.claims, material.questions, strict=True)
    for question, group in groupby(numbered, key=lambda item: item[2]):
        parts.append(f"## {' '.join(question.split())}")
        parts += [_claim(number, claim) for number, claim, _ in group]
    return parts


def _claim(number: int, claim: Claim) -> str:
    """Return a claim with its proofs; one that says no more than its quotation is not said twice."""
    quoted = " ".join(claim.citations[0].quote.split())
    text = " ".join(claim.text.split())
    proofs = [_quotation(number, citation) for citation in claim.citations]
    return "\n\n".join(proofs if text in quoted else [f"{text} [{number}]", *proofs])


def _quotation(number: int, citation: Citation) -> str:
    page = f", page {citation.page}" if citation.page else ""
    source = f"[{number}] `{citation.file}:{citation.line}`{page}"
    return "\n".join(f"> {line}".rstrip() for line in [*citation.quote.splitlines(), "", source])


def _other(step: str, value: Any) -> str:
    try:
        plain = msgspec.convert(value, dict[str, str | int | float | bool])
        text = "\n".join(f"- {name}: {field}" for name, field in plain.items() if name != "v")
    except msgspec.ValidationError:
        text = f"```json\n{msgspec.json.format(msgspec.json.encode(value)).decode()}\n```"
    return f"## Result of step {step}\n\n{text[:MOST_OTHER_CHARS]}"
