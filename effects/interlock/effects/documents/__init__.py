"""Folders of documents: read, index, search, quote.

    index = Index(root, cache_folder)          # opens or makes the index file of this root in cache_folder
    index.refresh() -> Refreshed               # reads what changed; milliseconds when nothing did
    index.search(query, limit) -> Results      # hits (best first), rarity of each term, number of passages
    index.close()

    find_quote(root, file, quote, near_line=None) -> Found | None    # character for character
    read_slice(root, file, first_line, last_line) -> Slice           # refuses paths out of the root
    list_documents(root) -> Listing

A document's *canonical text* is what may be quoted. For Markdown, plain text, reStructuredText and source
code it is the file's own text; for HTML the rendered text, block by block; for PDF the extracted text.
`file` is always the relative POSIX path below the root; lines are 1-based lines of the raw file (of the
extracted text for PDF).

An `Index` may be used from any thread; several processes may open the same cache. Errors are DocumentsError
and its children; a file that cannot be read is data (`Skipped`), not an error.
"""

from interlock.effects.documents.errors import (
    CacheUnusable,
    DocumentsError,
    NoSuchFolder,
    OutsideFolder,
    Unreadable,
)
from interlock.effects.documents.folder import list_documents
from interlock.effects.documents.index import Index
from interlock.effects.documents.quotation import find_quote, read_slice
from interlock.effects.documents.types import (
    Entry,
    Found,
    Hit,
    Listing,
    Refreshed,
    Results,
    Skipped,
    Slice,
    TermCount,
)

__all__ = [
    "CacheUnusable",
    "DocumentsError",
    "Entry",
    "Found",
    "Hit",
    "Index",
    "Listing",
    "NoSuchFolder",
    "OutsideFolder",
    "Refreshed",
    "Results",
    "Skipped",
    "Slice",
    "TermCount",
    "Unreadable",
    "find_quote",
    "list_documents",
    "read_slice",
]
