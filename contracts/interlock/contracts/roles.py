"""The four conversations: goal and plan, question and findings, instruction and outcome, work and verdict."""

from typing import Annotated, Literal

import msgspec

from interlock.contracts import limits
from interlock.contracts.message import Json, Line, Message, Part

Text = Annotated[str, msgspec.Meta(max_length=131_072)]


class RoleOffer(Part, frozen=True, kw_only=True):
    """A role that a plan may use now, in the words of its charter."""

    role: str
    objective: str
    scope: str = ""
    keywords: tuple[str, ...] = ()
    input_schema: Json = {}


class Goal(Message, frozen=True, kw_only=True):
    """To the planner: what is wanted, who is there to do it, and why earlier plans were refused."""

    goal: str
    criteria: tuple[Line, ...] = ()
    roles: tuple[RoleOffer, ...] = ()
    refusals: tuple[str, ...] = ()


class Question(Message, frozen=True, kw_only=True):
    """To a researcher."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_GOAL_CHARS)]
    hints: tuple[Line, ...] = ()


class Citation(Part, frozen=True, kw_only=True):
    """A quotation that stands in `file` from `line` on (1 is the first), character for character."""

    quote: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_QUOTE_CHARS)]
    file: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_PATH_CHARS)]
    line: Annotated[int, msgspec.Meta(ge=1)]
    page: int | None = None


class Claim(Part, frozen=True, kw_only=True):
    """One statement and the quotations that it rests on."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_QUOTE_CHARS)]
    citations: Annotated[tuple[Citation, ...], msgspec.Meta(max_length=limits.MAX_CITATIONS)] = ()


class Findings(Message, frozen=True, kw_only=True):
    """A researcher's answer; `unanswered` is why the documents do not say, and empty when they do."""

    question: str
    claims: Annotated[tuple[Claim, ...], msgspec.Meta(max_length=limits.MAX_CLAIMS)] = ()
    unanswered: Line = ""
    discarded_quotes: int = 0


class Instruction(Message, frozen=True, kw_only=True):
    """To an executor; what the steps before it found comes with the dispatch."""

    instruction: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_GOAL_CHARS)]
    file: Annotated[str, msgspec.Meta(max_length=limits.MAX_PATH_CHARS)] = ""


class Artifact(Part, frozen=True, kw_only=True):
    """A file in the task's workspace."""

    path: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_PATH_CHARS)]
    sha256: str
    size_bytes: int


class Outcome(Message, frozen=True, kw_only=True):
    """An executor's answer: the report, the claims it makes, the files it wrote."""

    report: Text
    claims: Annotated[tuple[Claim, ...], msgspec.Meta(max_length=limits.MAX_CLAIMS)] = ()
    artifacts: Annotated[tuple[Artifact, ...], msgspec.Meta(max_length=limits.MAX_ARTIFACTS)] = ()
    unanswered: tuple[Line, ...] = ()


class Work(Message, frozen=True, kw_only=True):
    """To the reviewer: the goal and criteria; the results to judge come with the dispatch."""

    goal: str
    criteria: tuple[Line, ...] = ()
    round: int = 1


class Verdict(Message, frozen=True, kw_only=True):
    """The reviewer's judgement; reasons are addressed to whoever revises."""

    decision: Literal["approve", "revise", "escalate"]
    reasons: Annotated[tuple[Line, ...], msgspec.Meta(max_length=limits.MAX_CRITERIA)] = ()
    note: Line = ""
