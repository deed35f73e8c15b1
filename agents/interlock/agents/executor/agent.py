"""The executor's handler: the words of a report are those of the claims; a model only arranges them."""

from pathlib import Path

import msgspec

from interlock.agents.agent import Agent
from interlock.agents.context import Context
from interlock.agents.errors import EffectDenied
from interlock.agents.executor.arrangement import (
    Arrangement,
    arrangement_schema,
    grounded_summary,
    reading_order,
)
from interlock.agents.executor.material import Material, gather, keep_proven
from interlock.agents.executor.report import not_filed, written
from interlock.agents.prompts import Prompt
from interlock.agents.quotations import prove
from interlock.contracts.roles import Artifact, Instruction, Outcome

REPORT_FILE = "report.md"

agent = Agent("executor", charter="charter.toml")
prompt = Prompt.read(Path(__file__).with_name("prompt.md"))


@agent.handle
async def execute(instruction: Instruction, ctx: Context) -> Outcome:
    """Write the report that the instruction asks for."""
    material = gather(ctx)
    if ctx.notes:
        await ctx.progress("checking the quotations again, as the reviewer asks")
        material = keep_proven(material, await prove(ctx, material.claims))
    arrangement = await _arranged(instruction, material, ctx) if material.claims else Arrangement()
    order = reading_order(arrangement, len(material.claims))
    material = msgspec.structs.replace(
        material,
        claims=tuple(material.claims[number - 1] for number in order),
        questions=tuple(material.questions[number - 1] for number in order),
    )
    report = written(ctx.goal, grounded_summary(arrangement, order), material)
    artifacts, report = await _filed(instruction.file or REPORT_FILE, report, ctx)
    return Outcome(report=report, claims=material.claims, artifacts=artifacts, unanswered=material.unanswered)


async def _filed(path: str, report: str, ctx: Context) -> tuple[tuple[Artifact, ...], str]:
    """Write the report to a file; where that may not be, it is the result all the same, and says why."""
    await ctx.progress(f"writing {path}")
    try:
        artifact = await ctx.tool("write_file", path=path, text=report, returns=Artifact)
    except EffectDenied as error:
        return (), not_filed(report, path, error.reason)
    return (artifact,), report


async def _arranged(instruction: Instruction, material: Material, ctx: Context) -> Arrangement:
    return await ctx.model(
        prompt.fill(
            goal=ctx.goal,
            instruction=instruction.instruction,
            notes="".join(f"\nA reviewer wants this better: {note}\n" for note in ctx.notes),
            claims="\n".join(f"[{n}] {claim.text}" for n, claim in enumerate(material.claims, 1)),
        ),
        purpose="report",
        inputs={
            "goal": ctx.goal,
            "instruction": instruction.instruction,
            "claims": [
                {"number": number, "question": question, "text": claim.text}
                for number, claim, question in zip(
                    range(1, len(material.claims) + 1), material.claims, material.questions, strict=True
                )
            ],
            "unanswered": material.unanswered,
            "notes": ctx.notes,
        },
        returns=Arrangement,
        schema=arrangement_schema(len(material.claims)),
        prompt_version=prompt.version,
    )
