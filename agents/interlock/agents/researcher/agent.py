"""The researcher's handler: search, read, answer, and keep only what the sources say."""

from pathlib import Path

from interlock.agents.agent import Agent
from interlock.agents.context import Context
from interlock.agents.prompts import Prompt
from interlock.agents.quotations import Passage, prove, search
from interlock.agents.researcher.answer import Answer, Queries, answer_schema, queries_schema, shown
from interlock.contracts.limits import MAX_CLAIMS, MAX_LINE_CHARS
from interlock.contracts.roles import Findings, Question

MOST_QUERIES = 4
MOST_QUERY_CHARS = 2_000
MOST_PASSAGES = 8
MOST_TOKENS = 2_048

NO_DOCUMENTS = "No folder of documents came with this task."
NOTHING_FOUND = "The documents hold no passage about this."
NOT_SAID = "The documents do not say."
NOTHING_PROVEN = "The documents do not say: no quotation that was offered stands in its source."

agent = Agent("researcher", charter="charter.toml")
queries_prompt = Prompt.read(Path(__file__).with_name("queries.md"))
answer_prompt = Prompt.read(Path(__file__).with_name("prompt.md"))


@agent.handle
async def research(question: Question, ctx: Context) -> Findings:
    """Answer from the documents, or say why they do not."""
    if not ctx.docs:
        return Findings(question=question.question, unanswered=NO_DOCUMENTS)
    await ctx.progress(f"searching: {question.question}")
    passages = await search(ctx, await _queries(question, ctx), MOST_PASSAGES)
    if not passages:
        return Findings(question=question.question, unanswered=NOTHING_FOUND)
    await ctx.progress(f"reading {len(passages)} passages")
    answer = await _answer(question, passages, ctx)
    proven = await prove(ctx, answer.claims[:MAX_CLAIMS])
    discarded_quotes = answer.discarded_quotes + proven.discarded_quotes
    why_not = NOTHING_PROVEN if discarded_quotes else answer.unanswered[:MAX_LINE_CHARS] or NOT_SAID
    return Findings(
        question=question.question,
        claims=proven.claims,
        unanswered="" if proven.claims else why_not,
        discarded_quotes=discarded_quotes,
    )


async def _queries(question: Question, ctx: Context) -> tuple[str, ...]:
    """Return what to search for: the question itself, and what a model would search for."""
    answer = await ctx.model(
        queries_prompt.fill(
            question=question.question, hints="".join(f"Hint: {hint}\n" for hint in question.hints)
        ),
        purpose="queries",
        inputs={"question": question.question, "hints": question.hints, "notes": ctx.notes},
        returns=Queries,
        schema=queries_schema(),
        prompt_version=queries_prompt.version,
    )
    queries = (question.question, *answer.queries)
    stripped = (query.strip()[:MOST_QUERY_CHARS] for query in queries)
    return tuple(dict.fromkeys(query for query in stripped if query))[:MOST_QUERIES]


async def _answer(question: Question, passages: tuple[Passage, ...], ctx: Context) -> Answer:
    return await ctx.model(
        answer_prompt.fill(
            question=question.question,
            notes="".join(f"\nA reviewer wants this better: {note}\n" for note in ctx.notes),
            passages=shown(passages),
        ),
        purpose="answer",
        inputs={
            "question": question.question,
            "passages": passages,
            "notes": ctx.notes,
        },
        returns=Answer,
        schema=answer_schema(passages),
        max_output_tokens=MOST_TOKENS,
        prompt_version=answer_prompt.version,
    )
