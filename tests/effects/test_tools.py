"""Each tool: what it does, and what it refuses."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from interlock.effects.errors import EffectError, NoDocuments, OutsideWorkspace, Refused, Unfit
from interlock.effects.registry import BUILT_IN
from interlock.effects.settings import EffectSettings
from interlock.effects.tools.tool import Place

TOOLS = {tool.name: tool for tool in BUILT_IN}


@pytest.fixture
def place(settings: EffectSettings, docs: Path) -> Place:
    return Place(
        task=42, docs=str(docs), roots=settings.docs, workspaces=settings.workspaces, cache=settings.cache
    )


def run(place: Place, tool: str, **arguments: Any) -> Any:
    return msgspec.json.decode(TOOLS[tool].run(arguments, place))


def test_search_finds_the_passage_and_tells_how_rare_the_words_are(place: Place) -> None:
    found = run(place, "search", query="How long does an oak live?", limit=3)
    first = found["hits"][0]
    assert (first["file"], first["line"], first["heading"]) == ("trees.md", 5, "Trees > Oaks")
    assert "thousand years" in first["text"]
    assert {"term": "oak", "passages": 1} in found["terms"]


def test_search_sees_a_file_that_was_added_and_one_that_has_gone(
    place: Place, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interlock.effects.tools.shelf.FRESH_S", 0.0)
    assert not run(place, "search", query="yew")["hits"]
    (docs / "yews.md").write_text("# Yews\n\nA yew is poisonous.\n")
    assert run(place, "search", query="yew")["hits"][0]["file"] == "yews.md"
    (docs / "yews.md").unlink()
    assert not run(place, "search", query="yew")["hits"]


def test_read_file_reads_the_lines_that_were_asked_for(place: Place) -> None:
    lines = run(place, "read_file", file="trees.md", first_line=5, last_line=6)
    assert lines["text"] == "An oak lives for a thousand years.\nIts wood is hard."
    assert lines["last_line"] == 6
    assert lines["last_line_of_file"] >= 10


def test_check_quotes_tells_which_stand_and_where(place: Place) -> None:
    asked = [
        {"quote": "Its wood is hard.", "file": "trees.md", "line": 1},
        {"quote": "Its wood is soft.", "file": "trees.md", "line": 6},
        {"quote": "An elm lives long.", "file": "page.html", "line": 1},
    ]
    results = run(place, "check_quotes", quotes=asked)["results"]
    assert [(one["stands"], one["line"]) for one in results] == [(True, 6), (False, 0), (True, 2)]


def test_write_file_writes_into_the_tasks_workspace_alone(place: Place) -> None:
    first = run(place, "write_file", path="reports/final.md", text="old")
    told = run(place, "write_file", path="reports/final.md", text="Grün")
    folder = place.workspaces / "42" / "reports"
    assert (folder / "final.md").read_text("utf-8") == "Grün"
    assert first != told
    assert told == {
        "path": "reports/final.md",
        "sha256": hashlib.sha256("Grün".encode()).hexdigest(),
        "size_bytes": 5,
    }
    # And no draft is left behind
    assert [path.name for path in folder.iterdir()] == ["final.md"]


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "a/../../b",
        "/etc/passwd",
        "a/",
        ".",
        "",
        "a\x00b",
        "a\nb",
        "..\\a",
        "x" * 300,
        "a/" * 20 + "b",
        "a//..",
    ],
)
def test_a_path_out_of_the_workspace_is_refused(place: Place, path: str) -> None:
    with pytest.raises((OutsideWorkspace, Unfit)):
        run(place, "write_file", path=path, text="x")
    assert not list(place.workspaces.glob("**/*.md"))


def test_a_link_leads_nowhere(place: Place, tmp_path: Path) -> None:
    # Given links in the workspace, to a folder and to a file outside
    workspace = place.workspaces / "42"
    workspace.mkdir(parents=True)
    victim = tmp_path / "victim.md"
    victim.write_text("mine")
    (workspace / "out").symlink_to(tmp_path)
    (workspace / "victim.md").symlink_to(victim)
    # When they are written through, then that is refused and nothing happens outside
    for path in ("out/new.md", "victim.md", "victim.md/new.md"):
        with pytest.raises(OutsideWorkspace):
            run(place, "write_file", path=path, text="yours")
    assert victim.read_text() == "mine"
    assert not (tmp_path / "new.md").exists()


def test_a_workspace_that_is_a_link_is_refused(place: Place, tmp_path: Path) -> None:
    place.workspaces.mkdir()
    (place.workspaces / "42").symlink_to(tmp_path)
    with pytest.raises(OutsideWorkspace):
        run(place, "write_file", path="new.md", text="x")
    assert not (tmp_path / "new.md").exists()


def test_a_folder_in_the_way_is_named(place: Place) -> None:
    run(place, "write_file", path="a/b.md", text="x")
    with pytest.raises(OutsideWorkspace, match="'a' is there already"):
        run(place, "write_file", path="a", text="x")


def test_a_workspace_that_cannot_be_written_is_said(place: Place) -> None:
    place.workspaces.write_text("a file where the folder should be")
    with pytest.raises(EffectError, match="cannot be made"):
        run(place, "write_file", path="a.md", text="x")


@pytest.mark.parametrize(
    ("tool", "arguments", "complaint"),
    [
        ("search", {"query": ""}, "query"),
        ("search", {"query": "x", "limit": 1_000}, "limit"),
        ("search", {"query": "x", "colour": "red"}, "colour"),
        ("search", {}, "query: Field required"),
        ("read_file", {"file": "trees.md", "first_line": 0}, "first_line"),
        ("check_quotes", {"quotes": [{"quote": "x"}]}, "quotes.0.file"),
        ("write_file", {"path": "a.md", "text": "x" * 300_000}, "text"),
        ("write_file", {"path": "a.md", "text": 7}, "text"),
    ],
)
def test_arguments_that_do_not_fit_are_named(
    place: Place, tool: str, arguments: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(Unfit, match=complaint):
        run(place, tool, **arguments)


@pytest.mark.parametrize("tool", ["search", "read_file", "check_quotes"])
def test_documents_are_read_below_the_roots_alone(place: Place, tmp_path: Path, tool: str) -> None:
    arguments: dict[str, dict[str, Any]] = {
        "search": {"query": "x"},
        "read_file": {"file": "x.md"},
        "check_quotes": {"quotes": [{"quote": "x", "file": "x.md"}]},
    }
    (tmp_path / "docs" / "door").symlink_to(tmp_path)
    for folder, complaint in {
        "": "names no documents",
        str(tmp_path): "INTERLOCK_DOCS",
        str(tmp_path / "docs" / "door"): "INTERLOCK_DOCS",
        str(tmp_path / "nowhere"): "there is no documents folder",
        str(tmp_path / "docs" / "trees.md"): "is a file",
    }.items():
        with pytest.raises(NoDocuments, match=complaint):
            run(msgspec.structs.replace(place, docs=folder), tool, **arguments[tool])


def test_a_file_outside_the_documents_is_refused(place: Place) -> None:
    with pytest.raises(Refused, match="out of the documents folder"):
        run(place, "read_file", file="../secret.md")


def test_an_index_that_cannot_be_kept_is_said(place: Place, tmp_path: Path) -> None:
    (tmp_path / "full").write_text("")
    with pytest.raises(Refused, match="search index"):
        run(msgspec.structs.replace(place, cache=tmp_path / "full"), "search", query="oak")


def test_every_tool_tells_its_schema_and_risk() -> None:
    offers = {tool.offer().tool: tool.offer() for tool in TOOLS.values()}
    assert {name: offer.risk for name, offer in offers.items()} == {
        "search": "read",
        "read_file": "read",
        "check_quotes": "read",
        "write_file": "write",
    }
    assert all(offer.repeatable and offer.description for offer in offers.values())
    # And what documents say comes from outside
    assert {name for name, offer in offers.items() if offer.untrusted} == {"search", "read_file"}
    assert offers["write_file"].target == "path"
    assert offers["search"].input_schema["additionalProperties"] is False
