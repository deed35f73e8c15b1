"""What can be wrong with a folder of documents, or with what was asked of it."""


class DocumentsError(Exception):
    """The sentence says what was wrong, where, and what to do next."""


class NoSuchFolder(DocumentsError):
    """The root is missing, is not a folder, or may not be read."""


class OutsideFolder(DocumentsError):
    """A path that leads out of the root."""


class Unreadable(DocumentsError):
    """A file that is missing or cannot be read as text."""


class CacheUnusable(DocumentsError):
    """The folder for the index cannot be written."""
