"""Prompts: Markdown files with `$placeholders`, known by the digest of their text."""

import hashlib
from pathlib import Path
from string import Template

from interlock.agents.errors import MalformedAgent

VERSION_BYTES = 8


class Prompt:
    """A prompt as its author wrote it, to be filled in for each call."""

    def __init__(self, text: str, name: str = "prompt") -> None:
        self.name = name
        self.version = hashlib.blake2b(text.encode(), digest_size=VERSION_BYTES).hexdigest()
        self._template = Template(text)

    @classmethod
    def read(cls, path: Path) -> "Prompt":
        """Read a prompt's file; raise MalformedAgent when it cannot be read."""
        try:
            return cls(path.read_text("utf-8"), path.name)
        except (OSError, UnicodeDecodeError) as error:
            raise MalformedAgent(f"the prompt {path} cannot be read: {error}") from error

    def fill(self, **values: object) -> str:
        """Return the prompt with every placeholder filled; raise MalformedAgent for one without a value."""
        try:
            return self._template.substitute(values)
        except (KeyError, ValueError) as error:
            raise MalformedAgent(f"{self.name} cannot be filled in: {error}") from error
