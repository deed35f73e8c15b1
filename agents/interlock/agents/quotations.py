"""What the built-in agents share: looking for passages and checking quotations, by the tools that do it."""

import asyncio

import msgspec

from interlock.agents.context import Context
from interlock.contracts.limits import MAX_QUOTE_CHARS
from interlock.contracts.message import Part
from interlock.contracts.roles import Citation, Claim

QUOTES_AT_ONCE = 64
MOST_PASSAGE_CHARS = 6_000


class Passage(Part, frozen=True):
    """A passage that a search found; `line` is where it begins."""

    file: str
    line: int
    text: str
    heading: str = ""
    last_line: int = 0
    score: float = 0.0
    page: int | None = None


class Found(Part, frozen=True):
    """The answer of the tool `search`."""

    hits: tuple[Passage, ...]


class CheckedQuote(Part, frozen=True):
    """Whether a quotation stands in its source, and in which line."""

    quote: str
    file: str
    line: int
    stands: bool
    page: int | None = None


class Checked(Part, frozen=True):
    """The answer of the tool `check_quotes`, in the order of the question."""

    results: tuple[CheckedQuote, ...]


class Proven(msgspec.Struct, frozen=True):
    """Claims as they were made, and each with only those quotations that stand (None: it has none)."""

    made: tuple[Claim, ...]
    kept: tuple[Claim | None, ...]
    discarded_quotes: int

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims that are proven."""
        return tuple(claim for claim in self.kept if claim is not None)

    @property
    def dropped(self) -> tuple[Claim, ...]:
        """The claims that lost their last quotation, or never had one."""
        return tuple(made for made, kept in zip(self.made, self.kept, strict=True) if kept is None)


async def search(ctx: Context, queries: tuple[str, ...], limit: int) -> tuple[Passage, ...]:
    """Search for all queries at once; return each passage once, best first, at most `limit` of them.

    Scores compare within one search only, so the searches take turns: first the best of each.
    """
    calls = [ctx.tool("search", query=query, limit=limit, returns=Found) for query in queries]
    answers = await asyncio.gather(*calls)
    passages: dict[tuple[str, int], Passage] = {}
    for rank in range(limit):
        for found in answers:
            if rank < len(found.hits):
                hit = found.hits[rank]
                passages.setdefault((hit.file, hit.line), _cut(hit))
    return tuple(passages.values())[:limit]


def _cut(hit: Passage) -> Passage:
    """Keep a passage small enough for a call; what is left of it still stands in its source."""
    if len(hit.text) <= MOST_PASSAGE_CHARS:
        return hit
    return msgspec.structs.replace(hit, text=hit.text[:MOST_PASSAGE_CHARS])


async def prove(ctx: Context, claims: tuple[Claim, ...]) -> Proven:
    """Keep of the claims what their sources say character for character; lines and pages are put right."""
    citations = tuple(dict.fromkeys(citation for claim in claims for citation in claim.citations))
    standing = dict(zip(citations, await _check(ctx, citations), strict=True))
    kept = tuple(
        _with_proofs(claim, [standing[citation] for citation in claim.citations]) for claim in claims
    )
    return Proven(claims, kept, sum(proof is None for proof in standing.values()))


def _with_proofs(claim: Claim, proofs: list[Citation | None]) -> Claim | None:
    standing = tuple(proof for proof in proofs if proof is not None)
    return msgspec.structs.replace(claim, citations=standing) if standing else None


async def _check(ctx: Context, citations: tuple[Citation, ...]) -> list[Citation | None]:
    batches = [
        citations[start : start + QUOTES_AT_ONCE] for start in range(0, len(citations), QUOTES_AT_ONCE)
    ]
    answers = await asyncio.gather(*(_check_batch(ctx, batch) for batch in batches))
    return [proof for answer in answers for proof in answer]


async def _check_batch(ctx: Context, citations: tuple[Citation, ...]) -> list[Citation | None]:
    asked = [{"quote": one.quote[:MAX_QUOTE_CHARS], "file": one.file, "line": one.line} for one in citations]
    checked = await ctx.tool("check_quotes", quotes=asked, returns=Checked)
    if len(checked.results) != len(citations):
        return [None] * len(citations)
    return [
        Citation(quote=one.quote, file=result.file, line=result.line, page=result.page)
        if result.stands
        else None
        for one, result in zip(citations, checked.results, strict=True)
    ]
