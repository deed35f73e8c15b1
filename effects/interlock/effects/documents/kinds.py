"""Which files are documents, by their names; what stands in them is the readers' matter."""

from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["markdown", "plain", "rst", "html", "pdf", "source"]

KIND_BY_SUFFIX: dict[str, Kind] = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), "markdown"),
    **dict.fromkeys((".txt", ".text", ".log", ".adoc", ".org", ".tex"), "plain"),
    **dict.fromkeys((".rst", ".rest"), "rst"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    ".pdf": "pdf",
    **dict.fromkeys(
        (
            *(
                ".py",
                ".pyi",
                ".c",
                ".h",
                ".cc",
                ".cpp",
                ".hpp",
                ".rs",
                ".go",
                ".java",
                ".kt",
                ".scala",
                ".swift",
            ),
            *(
                ".js",
                ".mjs",
                ".ts",
                ".tsx",
                ".jsx",
                ".css",
                ".rb",
                ".php",
                ".pl",
                ".lua",
                ".sh",
                ".bash",
                ".sql",
            ),
            *(".toml", ".yaml", ".yml", ".json", ".ini", ".cfg", ".conf", ".cs", ".ex", ".erl", ".hs", ".ml"),
            *(".proto", ".graphql", ".cedar", ".tf", ".cmake", ".mk", ".r", ".jl", ".zig", ".nix", ".ps1"),
        ),
        "source",
    ),
}
PLAIN_NAMES = frozenset(
    {"readme", "license", "copying", "notice", "authors", "changelog", "changes", "news", "todo"}
)
SOURCE_NAMES = frozenset({"makefile", "dockerfile", "rakefile", "gemfile", "justfile", "cmakelists.txt"})


def kind_of(file: str) -> Kind | None:
    """Tell the kind of a document by its name, or None for a file that is not read."""
    path = PurePosixPath(file)
    name = path.name.lower()
    if name in SOURCE_NAMES:
        return "source"
    suffix = path.suffix.lower()
    if not suffix:
        return "plain" if name in PLAIN_NAMES else None
    return KIND_BY_SUFFIX.get(suffix)
