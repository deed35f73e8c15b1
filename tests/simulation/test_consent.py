"""The laws about people by themselves: a plain reader of the log that nobody has to trust blindly."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from interlock.console.simulation.consent import Consent
from interlock.console.simulation.roster import sign
from interlock.console.simulation.rules import AT_FIRST, LAXER, Sums
from interlock.console.simulation.standstill import Steps
from interlock.console.simulation.thinking import asked_of
from interlock.console.simulation.verdicts import statement
from interlock.console.simulation.world import MODEL, Execution
from interlock.contracts import facts
from interlock.contracts.approval import digest_of
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.effect import ModelCall, ToolCall
from interlock.contracts.message import Json
from interlock.contracts.people import Need, VerdictKind
from interlock.contracts.plan import PlannedStep

TASK = 5
LARGE: Json = {"cents": 500, "to": "acme"}
HUGE: Json = {"cents": 50_000, "to": "acme"}
DEMAND = facts.Demand(kind="tool", name="pay")
FLEET_PAUSED = facts.FleetSwitched(at_ms=900, state="paused", by="olga")


class Book:
    """Laws that read what people are asked in task 5 about effect 7, and decide."""

    def __init__(self) -> None:
        self.broken: list[tuple[str, str]] = []
        self.consent = Consent(lambda law, sentence: self.broken.append((law, sentence)))
        self.set(AT_FIRST.bundle.digest)
        self.steps = Steps()

    def says(self, *said: facts.AnyFact) -> "Book":
        for fact in said:
            self.consent.read(TASK, fact)
            self.steps.read(TASK, fact)
        return self

    def tells(self, said: facts.AnyFact) -> "Book":
        self.consent.read(0, said)
        return self

    def begins(self) -> "Book":
        accepted = facts.Accepted(
            at_ms=0, goal="pay", submitter="alice", tenant="red", priority=5, budget=Budget()
        )
        return self.says(accepted)

    def set(self, digest: str) -> "Book":
        known = facts.PoliciesSet(at_ms=0, by="s", digest=digest, bundle=AT_FIRST.bundle)
        self.consent.read(0, known)
        return self

    def asks(self, number: int = 1, arguments: Json | None = None, **changes: Any) -> "Book":
        arguments = LARGE if arguments is None else arguments
        asked = facts.Escalated(
            at_ms=0,
            number=number,
            kind="approval",
            summary="pay",
            step="a",
            effect=7,
            tool="pay",
            arguments=arguments,
            digest=digest_of(arguments),
            needs=(Need(role="finance", quorum=2),),
            desk="finance",
            excluded=("alice",),
            submitter="alice",
            blocks=True,
        )
        return self.says(replace(asked, **changes))

    def agrees(
        self, who: str, *, signer: str = "", instead_of: str = "", at_ms: int = 1, **said: Any
    ) -> "Book":
        asked = self.consent.open[TASK, 1]
        signed = sign(replace(statement(asked, TASK, who, self.consent.policies), **said), signer or who)
        counted = facts.ApprovalCounted(
            at_ms=at_ms, number=1, by=who, instead_of=instead_of, input=9, approval=signed
        )
        return self.says(counted)

    def edits(self, by: str, arguments: Json) -> "Book":
        digest = digest_of(arguments)
        needs = (Need(role="finance", quorum=2),)
        return self.says(
            facts.ArgumentsEdited(
                at_ms=2, number=1, by=by, input=9, arguments=arguments, digest=digest, needs=needs
            )
        )

    def resolves(self, verdict: VerdictKind = "approved", *by: str, at_ms: int = 3) -> "Book":
        return self.says(facts.Resolved(at_ms=at_ms, number=1, verdict=verdict, by=by, input=9))

    def delegates(self, by: str, to: str, until_ms: int) -> "Book":
        return self.says(facts.Delegated(at_ms=0, by=by, to=to, until_ms=until_ms))

    def grants(self, arguments: Json | None = None, cause: int = 10) -> "Book":
        granted = facts.EffectGranted(
            effect=7,
            step="a",
            attempt=1,
            key="k",
            grant=1,
            worker="w",
            reserved=Amounts(tool_calls=1),
            demand=DEMAND,
            repeatable=False,
        )
        call = ToolCall(tool="pay", arguments=LARGE if arguments is None else arguments)
        self.consent.granted(TASK, granted, call, "executor")
        self.consent.after(TASK, cause, self.steps)
        return self

    def runs(self, arguments: Json | None = None, effect: int = 7) -> "Book":
        ran = Execution(
            task=TASK,
            step="a",
            key="k",
            effect=effect,
            grant=1,
            worker="w",
            incarnation="w.1",
            write=True,
            cost=Amounts(tool_calls=1),
            at_s=1.0,
            tool="pay",
            arguments=LARGE if arguments is None else arguments,
        )
        self.consent.executed(ran)
        return self


Story = Callable[[Book], object]

WARY, WARY_LAXER = AT_FIRST._replace(wary=True), LAXER._replace(wary=True)
CALL = ModelCall(purpose="think", prompt="why", max_output_tokens=40)
COST = Amounts(tokens=100, spend_usd_micros=140, model_calls=1)
ASKED = asked_of(CALL, MODEL.model) | {"data_class": "internal", "region": ""}


AGREED: tuple[Story, ...] = (
    lambda book: book.asks().agrees("fay").agrees("fred").resolves().grants().runs(),
    lambda book: book.grants({"cents": 5, "to": "acme"}),
    lambda book: (
        book.asks().delegates("fred", "nick", 10).agrees("fay").agrees("nick", instead_of="fred").resolves()
    ),
    lambda book: (
        book.asks()
        .edits("fay", {"cents": 200})
        .agrees("fay")
        .agrees("finn")
        .resolves("edited")
        .grants()
        .runs({"cents": 200})
    ),
    lambda book: book.asks().resolves("rejected", "fay"),
    lambda book: (
        book.begins()
        .asks()
        .agrees("fay", valid_s=1)
        .says(facts.Paused(at_ms=900, by="olga"))
        .says(facts.Resumed(at_ms=9_000, by="olga"))
        .agrees("fred", at_ms=9_050)
        .resolves(at_ms=9_050)
    ),
    lambda book: (
        book.begins()
        .asks()
        .agrees("fay", valid_s=1)
        .tells(FLEET_PAUSED)
        .agrees("fred", at_ms=9_050)
        .resolves(at_ms=9_050)
    ),
    lambda book: book.asks().resolves("void").says(facts.Halted(at_ms=9, by="olga")),
)


@pytest.mark.parametrize("story", AGREED)
def test_what_people_have_agreed_to_breaks_no_law(story: Story) -> None:
    book = Book()
    story(book)
    assert not book.broken


STORIES: tuple[tuple[str, str, Story], ...] = (
    ("consent", "nobody was asked", lambda book: book.grants()),
    ("consent", "no more than", lambda book: book.grants(HUGE)),
    ("consent", "while people were asked", lambda book: book.asks().grants()),
    ("consent", "it takes 2", lambda book: book.asks().agrees("fay").resolves()),
    ("consent", "it takes 2", lambda book: book.asks().agrees("fay").agrees("fay").resolves()),
    (
        "consent",
        "it takes 2",
        lambda book: book.asks().agrees("fay").agrees("fay", instead_of="fred").resolves(),
    ),
    (
        "consent",
        "it takes 2",
        lambda book: book.asks().agrees("fay", valid_s=1).agrees("fred").resolves(at_ms=2_000),
    ),
    (
        "consent",
        "it takes 2",
        lambda book: (
            book.begins()
            .asks()
            .agrees("fay", valid_s=1)
            .tells(FLEET_PAUSED)
            .tells(replace(FLEET_PAUSED, at_ms=9_000, state="running"))
            .agrees("fred", at_ms=9_200)
            .resolves(at_ms=9_200)
        ),
    ),
    (
        "consent",
        "it takes 2",
        lambda book: book.asks().agrees("fay").edits("fred", {"cents": 9}).agrees("fred").resolves("edited"),
    ),
    ("consent", "had asked for it", lambda book: book.asks().agrees("alice")),
    ("consent", "none of the roles", lambda book: book.asks().agrees("carl")),
    ("consent", "somebody else has signed", lambda book: book.asks().agrees("fay", signer="fred")),
    ("consent", "somebody else has signed", lambda book: book.asks().agrees("fay", by="fred")),
    (
        "consent",
        "signed over something else",
        lambda book: book.asks().agrees("fay", arguments=digest_of(HUGE)),
    ),
    ("consent", "signed for 5.2", lambda book: book.asks().agrees("fay", number=2)),
    ("consent", "has not asked for that", lambda book: book.asks().agrees("nick", instead_of="fay")),
    (
        "consent",
        "has not asked for that",
        lambda book: book.asks().delegates("fay", "nick", 10).agrees("nick", instead_of="fay", at_ms=11),
    ),
    (
        "consent",
        "agreed was",
        lambda book: book.asks().agrees("fay").agrees("fred").resolves().grants().runs(HUGE),
    ),
    (
        "consent",
        "under other policies",
        lambda book: (
            book.asks(arguments={"cents": 5_000})
            .agrees("fay")
            .agrees("fred")
            .resolves()
            .set(LAXER.bundle.digest)
            .grants()
        ),
    ),
    (
        "verdict",
        "was decided, though it was approved",
        lambda book: book.asks().agrees("fay").agrees("fred").resolves().resolves("rejected", "fay"),
    ),
    ("verdict", "never asked", lambda book: book.resolves()),
    ("verdict", "not the next number", lambda book: book.asks(2)),
    ("verdict", "other arguments than it shows", lambda book: book.asks(digest="0")),
    ("verdict", "rejected by carl", lambda book: book.asks().resolves("rejected", "carl")),
    ("verdict", "edited by nick", lambda book: book.asks().edits("nick", {"cents": 9})),
    ("verdict", "open for ever", lambda book: book.asks().says(facts.Halted(at_ms=9, by="olga"))),
)


@pytest.mark.parametrize(("law", "words", "story"), STORIES)
def test_a_broken_law_is_named(law: str, words: str, story: Story) -> None:
    book = Book()
    story(book)
    assert (law, True) in [(broken, words in sentence) for broken, sentence in book.broken], book.broken


def thinks(book: Book, *, worker: str = "effects-1", role: str = "executor", **changes: Any) -> Book:
    """Let a model be granted, as it was agreed to but for what is changed."""
    granted = facts.EffectGranted(
        effect=7,
        step="a",
        attempt=1,
        key="k",
        grant=1,
        worker=worker,
        reserved=COST,
        demand=facts.Demand(kind="model", name=MODEL.model),
        repeatable=True,
    )
    fields = {"call": CALL} | changes
    call = fields.pop("call")
    book.consent.granted(TASK, replace(granted, **fields), call, role)
    return book


def wary(*agree: str, rules: Sums = WARY) -> Book:
    """Return laws under which executors' use of models takes finance, and these have agreed to one."""
    book = Book().set(rules.bundle.digest)
    needs = (Need(role="finance"),)
    if agree:
        book.asks(arguments=ASKED, tool=f"model:{MODEL.model}", cost=COST, needs=needs)
    for who in agree:
        book.agrees(who)
    return book.resolves() if agree else book


def thought(book: Book, worker: str = "effects-1", **changes: Any) -> Book:
    """Let a model really be asked."""
    ran = Execution(
        task=TASK,
        step="a",
        key="k",
        effect=7,
        grant=1,
        worker=worker,
        incarnation=f"{worker}.1",
        write=False,
        cost=COST,
        at_s=1.0,
        tool=f"model:{MODEL.model}",
        arguments=asked_of(CALL, MODEL.model) | changes,
    )
    book.consent.executed(ran)
    return book


@pytest.mark.parametrize(
    "story",
    [
        lambda: thought(thinks(wary("fay"))),
        lambda: thought(thinks(wary("fay"), reserved=Amounts(tokens=9, model_calls=1))),
        lambda: thinks(wary(), role="researcher"),
        lambda: thinks(Book()),
    ],
)
def test_a_model_that_people_have_agreed_to_or_need_not_breaks_no_law(story: Callable[[], Book]) -> None:
    assert not story().broken


@pytest.mark.parametrize(
    ("law", "words", "story"),
    [
        ("consent", "and nobody was asked", lambda: thinks(wary())),
        ("consent", "nobody was asked", lambda: thinks(wary(), role="researcher", worker="effects-2")),
        ("consent", "nobody of finance", lambda: thinks(wary("alice"))),
        ("consent", "other policies", lambda: thinks(wary("fay").set(WARY_LAXER.bundle.digest))),
        ("consent", "or elsewhere", lambda: thinks(wary("fay"), worker="effects-2")),
        ("consent", "other words", lambda: thinks(wary("fay"), call=replace(CALL, prompt="how"))),
        (
            "consent",
            "agreed was model:offline/x",
            lambda: thinks(wary("fay"), demand=facts.Demand(kind="model", name="offline/small")),
        ),
        ("consent", "more than was agreed", lambda: thinks(wary("fay"), reserved=COST.plus(COST))),
        ("consent", "was asked", lambda: thought(wary("fay"), prompt="how")),
        ("consent", "at effects-2", lambda: thought(wary("fay"), "effects-2")),
        (
            "verdict",
            "what a model is asked is not",
            lambda: wary().asks(tool="model:x", arguments=ASKED).edits("fay", ASKED | {"prompt": "how"}),
        ),
    ],
)
def test_a_model_used_otherwise_than_people_have_agreed_to_breaks_a_law(
    law: str, words: str, story: Callable[[], Book]
) -> None:
    book = story()
    assert (law, True) in [(broken, words in sentence) for broken, sentence in book.broken], book.broken


def test_nothing_begins_in_a_step_that_waits_for_people() -> None:
    book = Book().says(facts.Planned(steps=(PlannedStep(id="a", role="r"),)))
    book.says(facts.StepSuspended(at_ms=1, step="a", attempt=1, principal="r-1"))
    # A grant is fine where its step is awake by the last record that follows from the same input
    book.grants({"cents": 5}, cause=10)
    assert not book.broken
    # But not beyond
    book.consent.after(TASK, 11, book.steps)
    assert [law for law, _ in book.broken] == ["waiting"]


def test_what_was_agreed_to_is_done_once() -> None:
    book = Book().asks().agrees("fay").agrees("fred").resolves().grants().runs()
    approved = book.consent.approved
    approved[8] = approved[7]
    book.runs(effect=8)
    assert "once before" in book.broken[0][1]


def test_clocks_stand_where_nothing_can_go_on_without_people() -> None:
    steps = Steps()
    steps.read(TASK, facts.PlanRequested(at_ms=1, step="plan"))
    steps.read(TASK, facts.StepCompleted(step="plan", attempt=1, result=2))
    steps.read(
        TASK,
        facts.Planned(
            steps=(
                PlannedStep(id="a", role="r"),
                PlannedStep(id="b", role="r"),
                PlannedStep(id="c", role="r", after=("a",)),
            )
        ),
    )
    steps.read(TASK, facts.StepSuspended(step="a", attempt=1))
    assert not steps.stands(TASK)
    steps.read(TASK, facts.StepCompleted(step="b", attempt=1, result=3))
    assert steps.stands(TASK)
    assert steps.awaits(TASK, "a")
    steps.read(TASK, facts.StepAwakened(step="a"))
    assert not steps.stands(TASK)
