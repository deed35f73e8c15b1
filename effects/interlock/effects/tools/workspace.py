"""A task's own folder, and writing into it: never outside, never through a link, whole or not at all."""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Generator
from pathlib import Path, PurePosixPath

from interlock.effects.errors import OutsideWorkspace, Refused

DEPTH_MAX = 16
NAME_BYTES_MAX = 200
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def parts_of(path: str) -> tuple[str, ...]:
    """Return a relative path's names; raises OutsideWorkspace for any other path."""
    names = PurePosixPath(path).parts
    if not names or path.startswith("/") or path.endswith("/") or any(name == ".." for name in names):
        raise OutsideWorkspace(
            f"{path!r} does not name a file inside the workspace; write it as folder/name.md"
        )
    if len(names) > DEPTH_MAX or any(len(name.encode()) > NAME_BYTES_MAX for name in names):
        raise OutsideWorkspace(f"{path[:80]!r} is too deep or has too long a name; use a shorter path")
    if not path.isprintable() or "\\" in path:
        raise OutsideWorkspace(f"{path!r} holds characters that no file name should; use plain names")
    return names


def write(workspace: Path, path: str, content: bytes, leave: Callable[[], bool] = lambda: True) -> str:
    """Put a file there at once and durably; return its SHA-256 in hex.

    `leave` is asked right before the file gets its name; without it nothing is left there but folders.
    Every folder on the way is opened by name below the one before, without following links, so that nothing
    that appears meanwhile leads out. Raises OutsideWorkspace and Refused.
    """
    *folders, name = parts_of(path)
    try:
        workspace.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"the workspace {workspace} cannot be made: {error.strerror}; mend that folder"
        ) from error
    try:
        with _opened(workspace, folders) as folder:
            _replace(folder, name, content, leave)
    except OSError as error:
        raise _refusal(path, error) from error
    return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def _opened(workspace: Path, folders: list[str]) -> Generator[int]:
    folder = os.open(workspace, _FOLDER)
    try:
        for name in folders:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
            inner = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _replace(folder: int, name: str, content: bytes, leave: Callable[[], bool]) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not _is_plain_file(folder, name):
            raise OutsideWorkspace(f"{name!r} is there already and is no plain file; choose another name")
    draft = f".{name}.{secrets.token_hex(4)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    named = False
    with os.fdopen(os.open(draft, flags, 0o644, dir_fd=folder), "wb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if leave():
                os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
                named = True
        finally:
            if not named:
                with contextlib.suppress(OSError):
                    os.unlink(draft, dir_fd=folder)
    if not named:
        raise Refused(f"{name!r} is not written: its effect was stopped")


def _is_plain_file(folder: int, name: str) -> bool:
    return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def _refusal(path: str, error: OSError) -> Exception:
    if isinstance(error, NotADirectoryError) or error.errno == errno.ELOOP:
        return OutsideWorkspace(f"{path!r} leads through a link or a file; write inside the workspace only")
    return Refused(f"{path!r} could not be written: {error.strerror}; make room or mend the workspace")
