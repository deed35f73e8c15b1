"""Links are followed to the documents and the parts that they name, and counted in a search."""

from pathlib import Path

import pytest

from interlock.effects.documents import Index
from interlock.effects.documents.links import markdown_links, slug, targets


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("pears.html", ["fruit/pears.html"]),
        ("pears.html#storing", ["fruit/pears.html", "fruit/pears.html#storing"]),
        ("../trees/oak.html?x=1", ["trees/oak.html"]),
        ("https://example.org/pears.html", []),
        ("mailto:a@example.org", []),
        ("//example.org/x", []),
        ("#here", []),
        ("apples.html#here", []),
        ("../../outside.html", []),
    ],
)
def test_a_link_names_a_document_and_its_part(link: str, found: list[str]) -> None:
    assert targets("fruit/apples.html", [link, link]) == found


def test_markdown_links_and_the_anchors_of_its_headings() -> None:
    assert markdown_links('See [pears](pears.md#how-to-store) and [oaks](<oaks.md> "Trees").') == (
        "pears.md#how-to-store",
        "oaks.md",
    )
    assert slug("How to store: 3 ways") == "how-to-store-3-ways"


def test_of_two_that_say_the_same_the_one_that_others_link_to_comes_first(tmp_path: Path) -> None:
    # Given two documents that say the same, the second linked to by three others
    root = tmp_path / "docs"
    root.mkdir()
    for name in ("alpha", "beta"):
        (root / f"{name}.md").write_text("# Storing\n\nStore the fruit in a cold cellar.\n")
    for number in range(3):
        (root / f"other{number}.md").write_text(f"# Other {number}\n\nSee [this](beta.md#storing).\n")
    index = Index(root, tmp_path / "cache")
    index.refresh()
    # When one looks for what both say
    first, second, *_ = index.search("where to keep fruit cold").hits
    # Then the one that is linked to comes first, with the counts, and loses them with the links
    assert [(hit.file, hit.linked, hit.cited) for hit in (first, second)] == [
        ("beta.md", 3, 3),
        ("alpha.md", 0, 0),
    ]
    (root / "other0.md").unlink()
    index.refresh()
    assert index.search("where to keep fruit cold").hits[0].linked == 2
    index.close()


def test_a_passage_is_found_by_its_meaning_without_a_common_word(tmp_path: Path) -> None:
    # Given a document that says in other words what is asked
    root = tmp_path / "docs"
    root.mkdir()
    (root / "time.md").write_text("# Clocks\n\nSuspend execution of the calling thread for some seconds.\n")
    (root / "bread.md").write_text("# Bread\n\nBread is baked from flour, water and salt.\n")
    index = Index(root, tmp_path / "cache")
    index.refresh()
    # When one looks for it, then it alone is found
    assert [hit.file for hit in index.search("pausing threads briefly").hits] == ["time.md"]
    index.close()
