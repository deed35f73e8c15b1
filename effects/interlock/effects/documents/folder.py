"""Which files below a root are documents: a bounded walk that stays inside; it does not open any of them."""

import os
import stat
from pathlib import Path

from interlock.effects.documents.errors import NoSuchFolder, OutsideFolder
from interlock.effects.documents.kinds import kind_of
from interlock.effects.documents.types import Entry, Listing, Skipped

FILES_MAX = 50_000
FILE_BYTES_MAX = 8 * 1024 * 1024
DEPTH_MAX = 32
SKIPPED_NAMED_MAX = 200
FOLDERS_NEVER_READ = frozenset(
    {"node_modules", "__pycache__", "venv", "site-packages", "dist", "target", "_static", "_sources"}
)
# What Sphinx writes beside its pages; `_sources` repeats every page, the others are lists of links.
SPHINX_MARKERS = frozenset({"objects.inv", ".buildinfo"})
SPHINX_LISTS = ("genindex", "search.html", "searchindex.js", "py-modindex", "modindex")


def resolved_root(root: Path) -> Path:
    """Resolve a root that can be listed; raises NoSuchFolder."""
    try:
        resolved = root.expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise NoSuchFolder(f"There is no folder {str(root)!r}; name one that exists.") from error
    if not resolved.is_dir():
        raise NoSuchFolder(f"{str(root)!r} is a file; name the folder that holds the documents.")
    if not os.access(resolved, os.R_OK | os.X_OK):
        raise NoSuchFolder(
            f"The folder {str(root)!r} may not be read; change its permissions or name another."
        )
    return resolved


def path_inside(root: Path, file: str) -> Path:
    """Resolve a relative path that stays below the root, links followed; raises OutsideFolder."""
    resolved = resolved_root(root)
    try:
        path = (resolved / file).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise OutsideFolder(
            f"{file[:200]!r} is not a usable path; name a file below the documents folder."
        ) from error
    if not file or Path(file).is_absolute() or not path.is_relative_to(resolved):
        raise OutsideFolder(f"{file[:200]!r} leads out of the documents folder; name a file below it.")
    return path


class _Walk:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries: list[Entry] = []
        self.skipped: list[Skipped] = []

    def skip(self, file: str, reason: str) -> None:
        if len(self.skipped) < SKIPPED_NAMED_MAX:
            self.skipped.append(Skipped(file, reason))

    def visit(self, folder: str, prefix: str, depth: int) -> None:
        if depth > DEPTH_MAX:
            self.skip(prefix, f"more than {DEPTH_MAX} folders deep")
            return
        try:
            with os.scandir(folder) as scan:
                children = sorted(scan, key=lambda child: child.name)
        except OSError:
            self.skip(prefix, "the folder may not be read")
            return
        sphinx = any(child.name in SPHINX_MARKERS for child in children)
        for child in children:
            if len(self.entries) >= FILES_MAX:
                self.skip(prefix, f"more than {FILES_MAX} files: the rest is not read")
                return
            self.child(child, prefix, depth, sphinx=sphinx)

    def child(self, child: os.DirEntry[str], prefix: str, depth: int, *, sphinx: bool) -> None:
        file = f"{prefix}{child.name}"
        if child.name.startswith("."):
            return
        try:
            if child.is_dir(follow_symlinks=False):
                if child.name not in FOLDERS_NEVER_READ:
                    self.visit(child.path, f"{file}/", depth + 1)
                return
            self.file(child, file, generated=sphinx and child.name.startswith(SPHINX_LISTS))
        except OSError:
            self.skip(file, "the file may not be read")

    def file(self, child: os.DirEntry[str], file: str, *, generated: bool) -> None:
        if kind_of(file) is None:
            return
        if child.is_symlink() and not Path(child.path).resolve().is_relative_to(self.root):
            self.skip(file, "a link that leads out of the folder")
            return
        facts = child.stat()
        if not stat.S_ISREG(facts.st_mode):
            return
        if generated:
            self.skip(file, "a generated list of links")
        elif facts.st_size > FILE_BYTES_MAX:
            self.skip(file, f"larger than {FILE_BYTES_MAX // 1024 // 1024} MiB")
        else:
            self.entries.append(Entry(file, facts.st_size, facts.st_mtime_ns))


def list_documents(root: Path) -> Listing:
    """List the documents below a root; raises NoSuchFolder. Folders behind links are not entered."""
    resolved = resolved_root(root)
    walk = _Walk(resolved)
    walk.visit(str(resolved), "", 0)
    return Listing(tuple(walk.entries), tuple(walk.skipped))
