"""Reading what is appended to a file, whatever becomes of the file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from interlock.supervisor.access import server_log as module
from interlock.supervisor.access.server_log import ServerLog


class Open(Protocol):
    def __call__(self, path: Path) -> ServerLog: ...


@pytest.fixture
def read() -> Iterator[Open]:
    """Open logs that are closed in the end."""
    opened: list[ServerLog] = []

    def open_it(path: Path) -> ServerLog:
        opened.append(ServerLog(path))
        return opened[-1]

    yield open_it
    for log in opened:
        log.close()


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


def test_what_stood_there_before_is_not_read(path: Path, read: Open) -> None:
    append(path, "old\n")
    log = read(path)
    assert log.lines() == []
    append(path, "new\n")
    assert log.lines() == ["new"]
    assert log.lines() == []


def test_a_line_is_read_when_it_is_whole(path: Path, read: Open) -> None:
    path.touch()
    log = read(path)
    append(path, "one\ntw")
    assert log.lines() == ["one"]
    append(path, "o\n")
    assert log.lines() == ["two"]


def test_a_file_that_comes_later_is_read_from_its_beginning(path: Path, read: Open) -> None:
    log = read(path)
    assert log.lines() == []
    append(path, "first\n")
    assert log.lines() == ["first"]


def test_nothing_is_lost_when_the_file_is_moved_away(path: Path, read: Open) -> None:
    # Given a file with something unread in it, that is moved away, and another in its place
    path.touch()
    log = read(path)
    append(path, "last words\n")
    path.rename(path.with_suffix(".1"))
    append(path, "first words\n")
    # Then both are read, in order
    assert log.lines() == ["last words", "first words"]


def test_a_file_that_was_moved_away_and_not_replaced_is_read_on(path: Path, read: Open) -> None:
    path.touch()
    log = read(path)
    path.rename(path.with_suffix(".1"))
    append(path.with_suffix(".1"), "still here\n")
    assert log.lines() == ["still here"]


def test_a_file_that_was_cut_is_read_from_its_beginning(path: Path, read: Open) -> None:
    append(path, "a long line of before\n")
    log = read(path)
    path.write_text("new\n")
    assert log.lines() == ["new"]


def test_one_look_reads_a_bounded_part(path: Path, read: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    path.touch()
    log = read(path)
    append(path, "12345\n" * 4)
    found: list[str] = []
    looks = 0
    while len(found) < 4:
        found += log.lines()
        looks += 1
    assert looks == 3
    assert found == ["12345"] * 4


def test_who_is_too_far_behind_skips_and_says_how_much(
    path: Path, read: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BEHIND_BYTES", 100)
    path.touch()
    log = read(path)
    append(path, "x" * 200 + "\n")
    assert log.lines() == []
    assert log.skipped_bytes == 201
    append(path, "new\n")
    assert log.lines() == ["new"]


def test_a_line_without_an_end_is_bounded(path: Path, read: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LINE_BYTES", 10)
    path.touch()
    log = read(path)
    append(path, "x" * 100)
    assert log.lines() == []
    append(path, "y\n")
    assert log.lines() == ["x" * 10 + "y"]
