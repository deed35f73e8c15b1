"""Reads a file of channels, and the secrets that it names; whatever is wrong becomes one sentence."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from interlock.bus.errors import MalformedKey
from interlock.bus.identity import read_secret
from interlock.console.errors import BadInput
from interlock.console.notifying.complaints import complaint
from interlock.console.notifying.settings import Chat, File, Mail, Secret, Webhook

MAX_FILE_BYTES = 100_000
VARIABLE = "INTERLOCK_NOTIFY"


def read_file(path: Path) -> File:
    """Return what a file says; raises BadInput that names file, place and remedy."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadInput(f"the file of channels {path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise BadInput(f"{path} has more than {MAX_FILE_BYTES:,} bytes: is it the right file?")
    try:
        read: dict[str, Any] = tomllib.loads(data.decode("utf-8"))
        return File.model_validate(read)
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8 text; save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path} is not TOML: {error}; begin with: [channels.finance]") from error
    except ValidationError as error:
        raise BadInput(f"{path}: {complaint(error)}") from error


class Secrets:
    """The secrets of one file: a relative path is seen from its folder."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self._path = path
        self._environment = environment

    def read(self, channel: str, secret: Secret) -> str:
        """Return a secret; raises BadInput that names the channel and the place, never the secret."""
        where = f"{self._path}: [channels.{channel}]"
        if secret.env:
            found = self._environment.get(secret.env, "").strip()
            if not found:
                raise BadInput(f"{where} the variable {secret.env} is not set, or empty")
            return found
        try:
            found = read_secret(self._path.parent / Path(secret.file).expanduser())
        except MalformedKey as error:
            raise BadInput(f"{where} {str(error).replace('the key file', 'the file')}") from error
        if not found:
            raise BadInput(f"{where} the file {secret.file} is empty")
        return found

    def address(self, channel: str, hook: Webhook | Chat) -> str:
        """Return the address of a webhook; raises BadInput for one that may not be called."""
        if isinstance(hook.url, str):
            return hook.url
        url = self.read(channel, hook.url)
        try:
            hook.check_address(url)
        except ValueError as error:
            raise BadInput(f"{self._path}: [channels.{channel}] url {error}") from None
        return url


def variables_of(file: File) -> frozenset[str]:
    """Return the variables in which secrets of a file stand."""
    found: set[str] = set()
    for channel in file.channels.values():
        secrets = [channel.password] if isinstance(channel, Mail) else [channel.url]
        if isinstance(channel, Webhook):
            secrets.append(channel.secret)
        found |= {secret.env for secret in secrets if isinstance(secret, Secret) and secret.env}
    return frozenset(found)
