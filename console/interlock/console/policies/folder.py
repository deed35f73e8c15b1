"""Reads a folder of policies for a person: compiled, or a sentence for everything that is wrong with it."""

import os
from pathlib import Path

from interlock.bus.clock import now_ms
from interlock.console.errors import BadInput
from interlock.console.policies.named import named_folder
from interlock.contracts.facts import PoliciesSet
from interlock.contracts.policy import Policies
from interlock.supervisor.core.policy.rulings import objections
from interlock.supervisor.errors import MalformedPolicies
from interlock.supervisor.policies import read_folder


def chosen(folder: str | None) -> Path:
    """Return the folder that is meant: the one that is named, else what a supervisor here would read."""
    return named_folder(os.environ) if folder is None else Path(folder).expanduser()


def read_bundle(folder: Path) -> Policies:
    """Read a folder; raises BadInput with what cannot be read."""
    try:
        return read_folder(folder, now_ms())
    except MalformedPolicies as error:
        raise BadInput(str(error)) from error


def wrong_with(bundle: Policies) -> tuple[str, ...]:
    """Return what is wrong with a bundle, each with its place."""
    return objections(bundle.digest, bundle)


def in_force(folder: Path) -> PoliciesSet:
    """Return a folder as policies that hold; raises BadInput with the first thing that is wrong."""
    bundle = read_bundle(folder)
    wrong = wrong_with(bundle)
    if wrong:
        raise BadInput(f"{folder} will not do: {wrong[0]}; see: interlock policy check {folder}")
    return PoliciesSet(at_ms=now_ms(), by="", digest=bundle.digest, bundle=bundle)
