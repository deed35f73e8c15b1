"""A quotation stands in its source character for character, or it does not stand there."""

from pathlib import Path

import pytest

from interlock.effects.documents import OutsideFolder, Unreadable, find_quote, read_slice


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("One apple.\nTwo\napples.\nOne apple.\n")
    (folder / "p.html").write_text("<body>\n<p>An <b>old</b>\ntree.</p>\n<p>A new one.</p></body>")
    (tmp_path / "secret.md").write_text("secret")
    return folder


def test_a_quotation_is_found_with_its_line(root: Path) -> None:
    found = find_quote(root, "a.md", "Two\napples.")
    assert found is not None
    assert (found.line, found.last_line) == (2, 3)


def test_of_several_places_the_nearest_is_told(root: Path) -> None:
    found = find_quote(root, "a.md", "One apple.", near_line=4)
    assert found is not None
    assert found.line == 4


def test_html_is_quoted_as_it_is_rendered(root: Path) -> None:
    found = find_quote(root, "p.html", "An old tree.")
    assert found is not None
    assert (found.line, found.last_line) == (2, 3)


@pytest.mark.parametrize("quote", ["Two apples.", "one apple.", "", "  ", "One apple", "x" * 9000])
def test_only_the_exact_characters_count(root: Path, quote: str) -> None:
    assert (find_quote(root, "a.md", quote) is None) is (quote != "One apple")


@pytest.mark.parametrize("file", ["../secret.md", "/etc/passwd", "", "missing.md", "a\x00.md", "link.md"])
def test_files_outside_or_missing_hold_no_quotation(root: Path, file: str) -> None:
    (root / "link.md").symlink_to(root.parent / "secret.md")
    assert find_quote(root, file, "secret") is None


def test_lines_are_read_as_they_may_be_quoted(root: Path) -> None:
    part = read_slice(root, "a.md", 2, 3)
    assert (part.text, part.last_line, part.last_line_of_file) == ("Two\napples.", 3, 5)
    assert read_slice(root, "p.html", 4, 9).text == "A new one."
    assert read_slice(root, "a.md", 70, 80).text == ""


def test_a_path_out_of_the_folder_is_refused(root: Path) -> None:
    with pytest.raises(OutsideFolder, match="leads out"):
        read_slice(root, "../secret.md")
    with pytest.raises(Unreadable, match="no file"):
        read_slice(root, "missing.md")
