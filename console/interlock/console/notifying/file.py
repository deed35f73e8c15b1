"""Reads a file of channels, and the secrets that it names; whatever is wrong becomes one sentence."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from interlock.bus.errors import MalformedKey
from interlock.bus.identity import read_secret
from interlock.console.errors import BadInput
from interlock.console.notifying.complaints import complaint
from interlock.console.notifying.settings import Chat, File, Mail, Secret, Webhook
from interlock.console.toml_file import read_toml


def read_file(path: Path) -> File:
    """Return what a file says; raises BadInput that names file, place and remedy."""
    read = read_toml(path, like="[channels.finance], and below it: kind, url and secret")
    try:
        return File.model_validate(read)
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
            found = read_secret(self._path.parent / Path(secret.file).expanduser(), "the file")
        except MalformedKey as error:
            raise BadInput(f"{where} {error}") from error
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
