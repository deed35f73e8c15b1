"""The reviewer's handler: it looks up every quotation again, asks a model, then applies the rule."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from interlock.agents.agent import Agent
from interlock.agents.context import Context
from interlock.agents.prompts import Prompt
from interlock.agents.quotations import Proven, prove
from interlock.agents.reviewer.judgement import Judgement, judgement_schema, verdict
from interlock.contracts.roles import Claim, Findings, Outcome, Verdict, Work

NONE = "(none)"
MOST_OTHER_CHARS = 4_000

agent = Agent("reviewer", charter="charter.toml")
prompt = Prompt.read(Path(__file__).with_name("prompt.md"))


class Subject(msgspec.Struct, frozen=True):
    """What is judged: the claims that reach the reader, and the questions behind them."""

    claims: tuple[Claim, ...]
    unanswered: tuple[str, ...]
    questions: tuple[str, ...]
    others: dict[str, object]


@agent.handle
async def review(work: Work, ctx: Context) -> Verdict:
    """Judge the results of the plan's steps."""
    subject = _subject(ctx)
    await ctx.progress(f"checking the quotations of {len(subject.claims)} claims")
    proven = await prove(ctx, subject.claims)
    return verdict(await _judged(work, subject, proven, ctx), proven)


def _subject(ctx: Context) -> Subject:
    outcomes = ctx.given_as(Outcome)
    findings = ctx.given_as(Findings)
    speaking: tuple[Outcome | Findings, ...] = tuple(outcomes.values()) or tuple(findings.values())
    unanswered = [line for outcome in outcomes.values() for line in outcome.unanswered] or [
        f"{found.question}: {found.unanswered}" for found in findings.values() if found.unanswered
    ]
    return Subject(
        claims=tuple(dict.fromkeys(claim for one in speaking for claim in one.claims)),
        unanswered=tuple(unanswered),
        questions=tuple(found.question for found in findings.values()),
        others={
            step: value for step, value in ctx.given.items() if step not in outcomes and step not in findings
        },
    )


async def _judged(work: Work, subject: Subject, proven: Proven, ctx: Context) -> Judgement:
    return await ctx.model(
        prompt.fill(
            goal=work.goal,
            criteria=_listed(work.criteria),
            claims=_listed(_shown(claim) for claim in proven.claims),
            unanswered=_listed(subject.unanswered),
            others=_listed(f"{step}: {_json(value)}" for step, value in subject.others.items()),
        ),
        purpose="review",
        inputs={
            "goal": work.goal,
            "criteria": work.criteria,
            "claims": subject.claims,
            "unanswered": subject.unanswered,
            "questions": subject.questions,
            "others": subject.others,
            "round": work.round,
        },
        returns=Judgement,
        schema=judgement_schema(),
        prompt_version=prompt.version,
    )


def _shown(claim: Claim) -> str:
    quotes = "; ".join(
        f'"{citation.quote}" ({citation.file}:{citation.line})' for citation in claim.citations
    )
    return f"{claim.text} Quoted: {quotes}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()[:MOST_OTHER_CHARS]


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or NONE
