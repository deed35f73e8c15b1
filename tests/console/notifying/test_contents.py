"""What is told outside: enough to act on, and nothing that is secret or personal."""

from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import pytest
from tests.console.conftest import Environment
from tests.console.notifying.stories import AT_MS, SECRET, escalated, moved, resolved

from interlock.bus.ports import Record
from interlock.console.notifying.mail import letter
from interlock.console.notifying.notice import Notice
from interlock.console.notifying.payloads import for_chats, for_programs
from interlock.console.notifying.questions import Questions
from interlock.console.notifying.settings import Mail
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import encode
from interlock.contracts.people import Need, Rule

PAGE = "https://desk.example/asked/{number}?from=notice"
MAIL = Mail(kind="email", host="mail.example", sender="il@mail.example", to=["desk@mail.example"])


async def notices(environment: Environment, *facts: f.AnyFact, **known: Any) -> list[Notice]:
    decision = Decision(task=42, cause=42, at_ms=AT_MS, by="supervisor-1", facts=facts)
    record = Record(57, AT_MS, "interlock.decision.42", encode(decision))
    return [news.notice for news in await Questions(environment.alice, **known).news_of(record)]


def told(notice: Notice) -> list[str]:
    """Return a notice by every way."""
    return [
        for_programs(notice, PAGE).decode(),
        for_chats(notice, PAGE).decode(),
        letter(notice, MAIL, PAGE).as_string(),
    ]


async def test_nothing_secret_or_personal_is_told(environment: Environment) -> None:
    # Given escalations with a secret in every field that may hold anything, when they move and end
    hostile = escalated(2, tool=SECRET, role=SECRET, risk=SECRET, rules=(Rule(id=f"for {SECRET} <x>"),))
    facts = (escalated(), moved(), moved(desk=SECRET.lower()), resolved(), hostile, resolved(2, "rejected"))
    found = await notices(environment, *facts)
    # Then none of what is told has it, in whatever case
    assert [notice.id for notice in found] == [
        "42.1.asked",
        "42.1.moved-57-1",
        "42.1.moved-57-2",
        "42.1.resolved",
        "42.2.asked",
        "42.2.resolved",
    ]
    for text in (text.lower() for notice in found for text in told(notice)):
        assert SECRET.lower() not in text
        assert "4111" not in text
        assert "70000" not in text


async def test_what_is_told_is_enough_to_act_on(environment: Environment) -> None:
    (notice,) = await notices(environment, escalated())
    program, chat, mail = told(notice)
    assert msgspec.json.decode(program) == {
        "type": "interlock.escalation.asked",
        "timestamp": "2025-11-24T16:00:00Z",
        "data": {
            "id": "42.1.asked",
            "what": "asked",
            "number": "42.1",
            "kind": "approval",
            "desk": "finance",
            "role": "executor",
            "tool": "pay",
            "risk": "irreversible",
            "reversible": "no",
            "needs": [{"role": "finance", "quorum": 2}],
            "rules": ["pay-over-500"],
            "at_last": "deny",
            "deadline": "2025-11-24T17:00:00Z",
            "text": "42.1 waits for finance: an approval",
            "command": "interlock inbox 42.1",
            "link": "https://desk.example/asked/42.1?from=notice",
        },
    }
    for text in (chat, mail):
        for word in ("42.1 waits for finance", "2 of finance", "pay-over-500", "17:00", "cannot be undone"):
            assert word in text
        assert "https://desk.example/asked/42.1?from=notice" in text


async def test_without_a_page_of_ones_own_there_is_the_command_and_no_link(environment: Environment) -> None:
    (notice,) = await notices(environment, escalated())
    texts = for_programs(notice, ""), for_chats(notice, ""), letter(notice, MAIL, "").as_bytes()
    for text in texts:
        assert b"interlock inbox 42.1" in text
        assert b"://" not in text
    # A page that shows all of them wants no number
    assert msgspec.json.decode(for_programs(notice, "https://desk.example/"))["data"]["link"] == (
        "https://desk.example/"
    )


async def test_how_many_have_to_agree_is_said_also_where_it_is_one(environment: Environment) -> None:
    (notice,) = await notices(environment, escalated(needs=(Need(role="finance"),)))
    assert msgspec.json.decode(told(notice)[0])["data"]["needs"] == [{"role": "finance", "quorum": 1}]


async def test_of_the_use_of_a_model_its_name_is_told_and_not_what_it_is_asked(
    environment: Environment,
) -> None:
    fact = escalated(tool="model:openai/gpt-5-mini", risk="", arguments={"prompt": SECRET})
    (notice,) = await notices(environment, fact)
    program, chat, mail = told(notice)
    data = msgspec.json.decode(program)["data"]
    assert (data["model"], "tool" in data) == ("openai/gpt-5-mini", False)
    for text in (chat, mail):
        assert "model openai/gpt-5-mini for the role executor" in text
    for text in (program, chat, mail):
        assert SECRET not in text
    # And what does not look like a model's name is left out
    (strange,) = await notices(environment, escalated(tool=f"model:{SECRET} <x>"))
    assert strange.model == ""


async def test_a_canary_looks_like_any_other(environment: Environment) -> None:
    (canary,) = await notices(environment, escalated(canary=True))
    (other,) = await notices(environment, escalated())
    assert told(canary) == told(other)


async def test_a_moved_one_names_the_new_desk_where_that_is_a_role(environment: Environment) -> None:
    facts = (escalated(), moved(), moved(desk="operator"))
    assert [n.desk for n in await notices(environment, *facts)] == ["finance", "", "operator"]
    known = await notices(environment, *facts, roles=frozenset({"controllers"}))
    assert [n.desk for n in known] == ["finance", "controllers", "operator"]
    assert "now waits for controllers" in told(known[1])[0]
    assert "somebody by name" in told((await notices(environment, *facts))[1])[0]


async def test_one_that_is_over_says_how_and_asks_for_nothing(environment: Environment) -> None:
    *_, notice = await notices(environment, escalated(), resolved(verdict="expired"))
    program = msgspec.json.decode(told(notice)[0])
    assert program["data"]["verdict"] == "expired"
    assert {"command", "deadline", "at_last"}.isdisjoint(program["data"])
    assert program["data"]["text"] == "42.1 is over: expired"


@pytest.mark.parametrize("rule", ["a b", "<!channel>", "a" * 65, "", "naïve", "x\nBcc: all"])
async def test_a_rule_that_is_no_name_is_left_out(environment: Environment, rule: str) -> None:
    (notice,) = await notices(environment, escalated(rules=(Rule(id=rule), Rule(id="fine"))))
    assert notice.rules == ("fine",)


async def test_a_letter_cannot_be_given_other_headers(environment: Environment) -> None:
    hostile = escalated(desk="x\nBcc: all@evil.example", needs=(Need(role="y\r\nBcc: all"),))
    (notice,) = await notices(environment, hostile)
    sent = letter(notice, MAIL, PAGE)
    assert sent["Bcc"] is None
    assert "evil" not in sent.as_string()


async def test_a_letter_is_the_same_each_time(environment: Environment) -> None:
    (notice,) = await notices(environment, escalated())
    sent = letter(notice, MAIL, PAGE)
    assert sent.as_string() == letter(notice, MAIL, PAGE).as_string()
    assert sent["Message-ID"] == "<42.1.asked@interlock>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(sent["Date"]).timestamp() == notice.at_ms // 1_000
