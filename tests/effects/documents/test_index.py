"""The index follows its folder, answers any string, and outlives damage."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.effects.documents import CacheUnusable, Index, NoSuchFolder
from interlock.effects.documents.store import store_path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "apples.md").write_text("# Apples\n\nApples ripen in September.\n")
    (folder / "pears.md").write_text("# Pears\n\nPears ripen in October.\n")
    return folder


@pytest.fixture
def index(root: Path, tmp_path: Path) -> Iterator[Index]:
    opened = Index(root, tmp_path / "cache")
    opened.refresh()
    yield opened
    opened.close()


def files(index: Index, query: str) -> list[str]:
    return [hit.file for hit in index.search(query).hits]


def test_a_passage_is_found_by_another_inflection_of_its_words(index: Index) -> None:
    assert files(index, "Which apple is ripening in September?")[0] == "apples.md"


def test_the_rarity_of_words_is_told_and_an_absent_word_counts_zero(index: Index) -> None:
    counts = {count.term: count.passages for count in index.search("ripen quinces").terms}
    assert counts == {"ripen": 2, "quinces": 0}


def test_a_second_refresh_reads_nothing(index: Index) -> None:
    assert index.refresh().read == 0


def test_changed_new_and_vanished_files_are_followed(index: Index, root: Path) -> None:
    (root / "apples.md").write_text("# Apples\n\nThey are stored in the cellar.\n")
    os.utime(root / "apples.md", ns=(1, 1))
    (root / "plums.md").write_text("# Plums\n\nPlums are dried.\n")
    (root / "pears.md").unlink()
    refreshed = index.refresh()
    assert (refreshed.read, refreshed.removed, refreshed.files) == (2, 1, 2)
    assert files(index, "October") == []
    assert files(index, "cellar") == ["apples.md"]
    assert files(index, "dried plums")[0] == "plums.md"


@pytest.mark.parametrize(
    "query", ["", "   ", '"', "a AND (", 'foo" OR NEAR(*', "^*:-", "🙂", "\ud800", "x " * 20_000, "text:a"]
)
def test_any_string_is_a_query(index: Index, query: str) -> None:
    assert isinstance(index.search(query).hits, tuple)


def test_two_indexes_of_one_folder_see_the_same(index: Index, root: Path, tmp_path: Path) -> None:
    other = Index(root, tmp_path / "cache")
    (root / "plums.md").write_text("Plums are dried.\n")
    assert other.refresh().read == 1
    assert index.refresh().read == 0
    assert files(index, "plums") == ["plums.md"]
    other.close()


def test_processes_that_index_at_once_agree(root: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from interlock.effects.documents import Index; "
        "i = Index(Path(sys.argv[1]), Path(sys.argv[2])); i.refresh(); print(len(i.search('ripen').hits))"
    )
    command = [sys.executable, "-c", program, str(root), str(tmp_path / "shared")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == ["2", "2", "2"]


@pytest.mark.parametrize("keep", [0, 200])
def test_a_damaged_index_is_built_anew(root: Path, tmp_path: Path, keep: int) -> None:
    first = Index(root, tmp_path / "cache")
    first.refresh()
    first.close()
    path = store_path(root.resolve(), tmp_path / "cache")
    path.write_bytes(path.read_bytes()[:keep] + b"damage" * 2000)
    second = Index(root, tmp_path / "cache")
    second.refresh()
    assert files(second, "apples")[0] == "apples.md"
    second.close()


def test_links_out_of_the_folder_and_hidden_folders_are_not_read(
    index: Index, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.md").write_text("The quince is secret.\n")
    (root / "link.md").symlink_to(tmp_path / "secret.md")
    (root / ".git").mkdir()
    (root / ".git" / "note.md").write_text("The quince is hidden.\n")
    refreshed = index.refresh()
    assert [skipped.file for skipped in refreshed.skipped] == ["link.md"]
    assert files(index, "quince") == []


def test_a_root_that_is_no_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFolder, match="There is no folder"):
        Index(tmp_path / "nowhere", tmp_path / "cache")
    (tmp_path / "file").write_text("x")
    with pytest.raises(NoSuchFolder, match="is a file"):
        Index(tmp_path / "file", tmp_path / "cache")


def test_a_cache_folder_that_cannot_be_made_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(CacheUnusable, match="cannot be kept"):
        Index(root, tmp_path / "taken" / "cache")
