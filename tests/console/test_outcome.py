"""What a task came to is put together from the records that its decisions name."""

from typing import Any

import msgspec
import pytest
from tests.console.conftest import Environment, accepted

from interlock.console.follow import read_task
from interlock.console.outcome import read_result
from interlock.console.output import result_json, summary, thinkers
from interlock.console.sayings import submit
from interlock.contracts import facts as f
from interlock.contracts.budget import NOTHING
from interlock.contracts.message import encode
from interlock.contracts.plan import PlannedStep
from interlock.contracts.results import TaskResult
from interlock.contracts.roles import Citation, Claim, Findings, Outcome, Verdict
from interlock.contracts.step import StepResult
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit

CLAIM = Claim(text="It stops.", citations=(Citation(quote="a kill stops it", file="a.md", line=3),))
FINDINGS = Findings(question="Does it stop?", claims=(CLAIM,))
REPORT = Outcome(report="# Yes\n", claims=(CLAIM,), unanswered=("when",))
VERDICT = Verdict(decision="approve", note="well done")
PLANNED = f.Planned(
    steps=(
        PlannedStep(id="facts-1", role="researcher"),
        PlannedStep(id="report", role="executor", after=("facts-1",)),
    )
)


async def hand_in(environment: Environment, task: int, step: str, value: Any) -> int:
    """Record a step's result and decide that it is done."""
    result = StepResult(step=step, attempt=1, value=msgspec.Raw(msgspec.json.encode(value)))
    ack = await environment.supervisor.append(
        input_subject("worker-1", "agent", "result", task), encode(result)
    )
    await environment.decide(task, f.StepCompleted(at_ms=1, step=step, attempt=1, result=ack.seq))
    return ack.seq


@pytest.fixture
async def task(environment: Environment) -> int:
    number = await submit(environment.alice, Submit(goal="Does it stop?"))
    await environment.decide(number, accepted(), PLANNED)
    return number


async def result_of(environment: Environment, task: int) -> TaskResult:
    return await read_result(environment.alice, await read_task(environment.alice, task))


async def test_a_finished_task_has_the_report_its_claims_and_the_verdict(
    environment: Environment, task: int
) -> None:
    results = {
        step: await hand_in(environment, task, step, value)
        for step, value in (("facts-1", FINDINGS), ("report", REPORT), ("review", VERDICT))
    }
    environment.now_ms += 1500
    reviewed = f.Reviewed(step="review", decision="approve")
    await environment.decide(task, reviewed, f.Completed(at_ms=environment.now_ms, results=results))
    result = await result_of(environment, task)
    assert (result.status, result.report, result.claims) == ("completed", "# Yes\n", (CLAIM,))
    assert (result.verdict, result.unanswered, result.seconds) == (VERDICT, ("when",), 1.5)


async def test_a_task_that_is_stopped_half_way_shows_what_it_has(environment: Environment, task: int) -> None:
    await hand_in(environment, task, "facts-1", FINDINGS)
    await environment.decide(task, f.Halted(at_ms=0, by="bob", reason="enough"))
    result = await result_of(environment, task)
    assert (result.status, result.reason, result.claims) == ("halted", "killed by bob: enough", (CLAIM,))
    assert "## Does it stop?" in result.report
    assert "> a kill stops it (a.md:3)" in result.report


async def test_the_answer_of_a_teams_own_role_is_shown_as_it_is(environment: Environment, task: int) -> None:
    await hand_in(environment, task, "report", {"text": "Oui", "language": "fr"})
    result = await result_of(environment, task)
    assert result.report.startswith("## report\n\n```json\n")
    assert '"text": "Oui"' in result.report


async def test_the_last_of_several_reports_counts(environment: Environment, task: int) -> None:
    await hand_in(environment, task, "facts-1", Outcome(report="first"))
    await hand_in(environment, task, "report", Outcome(report="better"))
    assert (await result_of(environment, task)).report == "better"


async def test_a_verdict_whose_record_is_gone_is_taken_from_the_decision(
    environment: Environment, task: int
) -> None:
    await environment.decide(task, f.Reviewed(step="review", decision="revise", reasons=("too short",)))
    assert (await result_of(environment, task)).verdict == Verdict(decision="revise", reasons=("too short",))


def test_the_json_holds_every_field_that_readers_count_on() -> None:
    fields = result_json(TaskResult(task=42, status="completed", claims=(Claim(text="so"),)))
    promised = {"task", "status", "report", "claims", "verdict", "spent", "budget", "seconds"}
    assert promised <= set(fields)
    assert list(fields["claims"]) == [{"text": "so", "citations": []}]
    assert fields["spent"]["tokens"] == 0
    assert fields["budget"]["tokens"] is None


def test_the_summary_says_how_it_ended_and_what_it_cost() -> None:
    result = TaskResult(task=42, status="failed", reason="no agent", verdict=VERDICT, seconds=2.0)
    lines = summary(result)
    assert "task 42 failed after 2.0 s: no agent" in lines
    assert "verdict: approve; well done" in lines
    assert any(line.split() == ["money", "$0", "no", "limit"] for line in lines)


async def test_a_result_says_once_which_models_did_the_thinking(environment: Environment, task: int) -> None:
    # Given calls of two models and a tool, one of them twice
    demands = (
        f.Demand(kind="model", name="a/x"),
        f.Demand(kind="tool", name="search"),
        f.Demand(kind="model", name="b/y"),
        f.Demand(kind="model", name="a/x"),
    )
    for effect, demand in enumerate(demands, 90):
        await environment.decide(
            task,
            f.EffectGranted(
                effect=effect,
                step="facts-1",
                attempt=1,
                key=str(effect),
                grant=1,
                worker="effects-1",
                reserved=NOTHING,
                demand=demand,
                repeatable=True,
            ),
        )
    # Then the models stand in the result and in its words, the offline one as what it is
    result = await result_of(environment, task)
    assert result.models == ("a/x", "b/y")
    assert thinkers(result) == "a/x, b/y"
    assert "no language model" in thinkers(TaskResult(task=1, status="completed", models=("offline/x",)))
