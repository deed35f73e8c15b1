"""Tools that a worker is given by name: found, offered beside its own, or refused in one sentence."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest
from msgspec.structs import replace
from tests.effects.conftest import Office

from interlock.contracts.effect import EffectCompleted, ToolCall
from interlock.contracts.limits import MAX_OFFERS
from interlock.effects.calls import Calls
from interlock.effects.errors import BadSettings
from interlock.effects.settings import EffectSettings, read_settings

COUNTING = """
    from interlock.effects.tools.tool import Place, Strict, Tool, Traits

    class Words(Strict):
        text: str

    class Count(Strict):
        words: int
        key: str
        on_behalf: str

    def count(asked: Words, place: Place) -> Count:
        return Count(words=len(asked.text.split()), key=place.key, on_behalf=f"{place.agent} {place.tenant}")

    READ = Traits(risk="read", repeatable=True)
    COUNT = Tool("count", count, asks=Words, tells=Count, traits=READ, description="Count words.")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules that can be imported; the first part of their names is the test's own."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def module(folder: Path, name: str, text: str = COUNTING, more: str = "") -> str:
    """Write a module whose name nobody else has, and return it."""
    unique = f"{folder.name.replace('-', '_')}_{name}"
    (folder / f"{unique}.py").write_text(dedent(text) + dedent(more))
    return unique


async def test_a_tool_from_outside_is_offered_beside_the_others_and_run(
    office: Office, settings: EffectSettings, folder: Path
) -> None:
    # Given a worker that was given a module with a tool
    worker_settings = replace(settings, tools=(module(folder, "counting"),))
    calls = Calls(worker_settings)
    assert [offer.tool for offer in calls.tools()][-1] == "count"
    await office.open(calls)
    # When it is granted
    await office.grant(ToolCall(tool="count", arguments={"text": "one two"}), 50, tenant="acme")
    (end,) = await office.until_logged()
    # Then it is done, and knew the key of this effect, and for whom it was
    assert isinstance(end.body, EffectCompleted)
    assert bytes(end.body.value) == b'{"words":2,"key":"42.50","on_behalf":"researcher-1 acme"}'


def test_one_tool_of_a_module_can_be_named_alone(settings: EffectSettings, folder: Path) -> None:
    name = module(
        folder,
        "counting",
        more='TWICE = Tool("twice", count, asks=Words, tells=Count, traits=READ, description="")',
    )
    own = {offer.tool for offer in Calls(settings).tools()}

    def offered(*tools: str) -> set[str]:
        return {offer.tool for offer in Calls(replace(settings, tools=tools)).tools()} - own

    assert offered(f"{name}:COUNT") == {"count"}
    assert offered(name) == {"count", "twice"}
    assert offered(name, f"{name}:TWICE") == {"count", "twice"}


def test_the_variable_lists_modules() -> None:
    assert read_settings({"INTERLOCK_TOOLS": "a.tools, b:PAY,,a.tools"}).tools == ("a.tools", "b:PAY")
    assert read_settings({}).tools == ()


TRAITS = 'Traits(risk="write", repeatable=False, {})'
TOOL = 'BAD = Tool("{}", count, asks=Words, tells=Count, traits={}, description="")'


@pytest.mark.parametrize(
    ("name", "more", "sentence"),
    [
        ("nowhere_to_be_found", "", "there is no module 'nowhere_to_be_found'; install it"),
        ("{}:PAY", "", "has no tool 'PAY'; it has COUNT"),
        ("{}:READ", "", "has no tool 'READ'; it has COUNT"),
        ("{}", "import not_installed_anywhere", "needs not_installed_anywhere, which is not installed"),
        ("{}", "raise ValueError('no ledger')", "cannot be loaded (ValueError: no ledger)"),
        ("{}", "del COUNT", "has no tools"),
        ("{}", TOOL.format("search", "READ"), "has a tool search, and so has another; rename it"),
        ("{}", TOOL.format("Count all", "READ"), "is not a name on the bus"),
        ("{}", TOOL.format("bad", TRAITS.format('target="sum"')), "its argument 'sum', which it has not"),
        (
            "{}",
            TOOL.format("bad", TRAITS.format('undo="back"')),
            "undone by 'back', and there is no such tool",
        ),
        (
            "{}",
            TOOL.format("bad", TRAITS.format('undo="count"')),
            "count undoes bad, and cannot be asked key",
        ),
    ],
)
def test_what_cannot_be_had_is_said_in_one_sentence(
    settings: EffectSettings, folder: Path, name: str, more: str, sentence: str
) -> None:
    named = name.format(module(folder, "bad", more=more))
    with pytest.raises(BadSettings, match="INTERLOCK_TOOLS: ") as refused:
        Calls(replace(settings, tools=(named,)))
    assert sentence in str(refused.value)


def test_there_are_not_more_than_a_worker_offers(settings: EffectSettings, folder: Path) -> None:
    more = f"""
        SAID = {{"description": ""}}
        for n in range({MAX_OFFERS}):
            globals()[f"T{{n}}"] = Tool(f"t{{n}}", count, asks=Words, tells=Count, traits=READ, **SAID)
    """
    with pytest.raises(BadSettings, match=f"a worker offers at most {MAX_OFFERS}"):
        Calls(replace(settings, tools=(module(folder, "many", more=more),)))
