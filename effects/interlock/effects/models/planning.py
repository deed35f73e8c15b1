"""The offline reasoner's plan: a researcher for each question, a report, and a step of a team's own role.

It knows no language; it fills a role's input only as far as the goal says it in plain sight.
"""

import re
from collections.abc import Sequence

import msgspec

from interlock.contracts.limits import MAX_GOAL_CHARS
from interlock.contracts.message import Json
from interlock.contracts.roles import RoleOffer
from interlock.effects.offline import decompose

BUILT_IN = frozenset({"planner", "researcher", "executor", "reviewer"})
TITLE_CHARS_MAX = 300
CRITERIA = (
    "Every claim carries a quotation that stands in its source.",
    "Every question of the goal is answered.",
)

_QUOTED = re.compile(
    r"\"([^\"]+)\"|\u201c([^\u201d]+)\u201d|\u201e([^\u201c\u201d]+)[\u201c\u201d]|\u00ab([^\u00bb]+)\u00bb|(?<!\w)'([^']+)'(?!\w)"
)
_AFTER_COLON = re.compile(r":\s+(\S.*)", re.DOTALL)
_TEXTS = frozenset({"text", "passage", "content", "sentence", "source", "input"})
_GOALS = frozenset({"goal", "question", "instruction", "query", "request", "task"})
_LANGUAGES = (
    *(
        "Arabic",
        "Bengali",
        "Bulgarian",
        "Catalan",
        "Chinese",
        "Croatian",
        "Czech",
        "Danish",
        "Dutch",
        "English",
    ),
    *(
        "Estonian",
        "Finnish",
        "French",
        "Georgian",
        "German",
        "Greek",
        "Hebrew",
        "Hindi",
        "Hungarian",
        "Icelandic",
    ),
    *(
        "Indonesian",
        "Irish",
        "Italian",
        "Japanese",
        "Korean",
        "Latin",
        "Latvian",
        "Lithuanian",
        "Malay",
        "Norwegian",
    ),
    *("Persian", "Polish", "Portuguese", "Romanian", "Russian", "Serbian", "Slovak", "Slovenian", "Spanish"),
    *("Swahili", "Swedish", "Tamil", "Thai", "Turkish", "Ukrainian", "Urdu", "Vietnamese", "Welsh"),
)


class Asked(msgspec.Struct, frozen=True):
    """The inputs of the purpose `plan`; what else comes with them is not needed."""

    goal: str
    criteria: tuple[str, ...] = ()
    roles: tuple[RoleOffer, ...] = ()


def plan(asked: Asked) -> Json:
    """Return steps and criteria in the shape of a plan, for the roles that are present."""
    present = {offer.role for offer in asked.roles}
    questions = decompose(asked.goal)
    steps: list[Json] = []
    if "researcher" in present or not present:
        steps = [
            _step(
                f"facts-{number}",
                "researcher",
                question.text,
                {"question": question.text[:MAX_GOAL_CHARS]},
                (),
            )
            for number, question in enumerate(questions, 1)
        ]
    after = tuple(step["id"] for step in steps)
    if "executor" in present or not present:
        steps.append(_step("report", "executor", "Report", {"instruction": asked.goal}, after))
        after = ("report",)
    steps += _own_steps(asked, after)
    return {"steps": steps, "criteria": list(asked.criteria or CRITERIA)}


def _step(name: str, role: str, title: str, given: Json, after: Sequence[str]) -> Json:
    return {"id": name, "role": role, "title": title[:TITLE_CHARS_MAX], "input": given, "after": list(after)}


def _own_steps(asked: Asked, after: Sequence[str]) -> list[Json]:
    """Return a step for the first other role whose keywords the goal holds and whose input it spells out."""
    for offer in asked.roles:
        if offer.role in BUILT_IN or not any(
            _holds(asked.goal, word) for word in (*offer.keywords, offer.role)
        ):
            continue
        given = _input(offer.input_schema, asked.goal)
        if given is not None:
            return [_step(offer.role[:24], offer.role, offer.objective, given, after)]
    return []


def _holds(goal: str, word: str) -> bool:
    return bool(word) and re.search(rf"\b{re.escape(word)}", goal, re.IGNORECASE) is not None


def _input(schema: Json, goal: str) -> Json | None:
    """Fill what a schema requires from the goal, or return None when the goal does not say it."""
    properties: dict[str, Json] = schema.get("properties", {})
    given: Json = {}
    for name in schema.get("required", []):
        value = _value(name, properties.get(name, {}), goal)
        if value is None:
            return None
        given[name] = value
    return given


def _value(name: str, schema: Json, goal: str) -> str | None:
    if schema.get("type") != "string":
        return None
    if choices := schema.get("enum"):
        return next((choice for choice in choices if isinstance(choice, str) and _holds(goal, choice)), None)
    if "language" in name:
        return next((language for language in _LANGUAGES if _holds(goal, language)), None)
    if name in _TEXTS:
        return _text(goal)
    return goal if name in _GOALS else None


def _text(goal: str) -> str | None:
    """Return what the goal quotes, else what follows its first colon."""
    if quoted := _QUOTED.search(goal):
        return next(group for group in quoted.groups() if group)
    after = _AFTER_COLON.search(goal)
    return after[1].strip() if after else None
