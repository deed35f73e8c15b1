"""The AsyncAPI 3.0 document of the protocol: subjects as channels, messages by reference to their schemas.

It describes the supervisor's side: what it receives and what it sends. It knows names and subjects only, and
nothing of what the messages hold.
"""

from interlock.contracts import subjects
from interlock.contracts.inputs import INPUT_KINDS
from interlock.contracts.message import Json
from interlock.contracts.version import PROTOCOL_MAJOR, PROTOCOL_MINOR

SCHEMA_FORMAT = "application/schema+json;version=draft/2020-12"

_TASKLESS = {
    ("task", "submit"),
    *((kind, verb) for kind in ("agent", "effect", "guard", "access") for verb in ("hello", "bye")),
    ("guard", "exited"),
    ("access", "ended"),
    ("access", "violated"),
    ("supervisor", "policies"),
    ("human", "delegate"),
}
_PARAMETERS = {
    "principal": "Who speaks; the server lets nobody speak in another's name.",
    "agent": "The agent or effect worker that is told.",
    "scope": "What the switch is over, such as `task.<number>`, `role.<name>` or `fleet`.",
    "task": "The task's number: the sequence of its submission.",
    "tasks": "The task's number, or `fleet` for what concerns all of them, or `leader` for who decides.",
    "number": "The escalation's number within its task.",
    "step": "The step's id.",
    "worker": "The effect worker that tells.",
    "who": "The person whose entitlement is told.",
}


def asyncapi() -> Json:
    """Return the document."""
    channels, operations = _inputs()
    for name, (channel, action) in _others().items():
        channels[name] = channel
        if action:
            operations[f"{action}.{name}"] = {"action": action, "channel": {"$ref": f"#/channels/{name}"}}
    messages = sorted({name for channel in channels.values() for name in channel["messages"]})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Interlock",
            "version": f"{PROTOCOL_MAJOR}.{PROTOCOL_MINOR}.0",
            "description": "The subjects and messages of Interlock on NATS, as its supervisor sees them.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"local": {"host": "127.0.0.1:4222", "protocol": "nats"}},
        "channels": channels,
        "operations": operations,
        "components": {"messages": {name: _message(name) for name in messages}},
    }


def _inputs() -> tuple[dict[str, Json], dict[str, Json]]:
    """Return a channel and an operation for every kind and verb that somebody may say."""
    channels: dict[str, Json] = {}
    operations: dict[str, Json] = {}
    for kind, verb in INPUT_KINDS:
        name = f"in.{kind}.{verb}"
        address = subjects.input_subject("{principal}", kind, verb, *_rest(kind, verb))
        channels[name] = _channel(address, [name], f"Somebody says {kind}.{verb}. Stored.")
        operations[f"receive.{name}"] = {"action": "receive", "channel": {"$ref": f"#/channels/{name}"}}
    return channels, operations


def _rest(kind: str, verb: str) -> tuple[str, ...]:
    """Return what follows the verb in a subject."""
    if (kind, verb) in _TASKLESS:
        return ()
    if kind == "access":
        return ("{who}",)
    if kind == "control":
        return ("task", "{task}") if verb == "raise" else ("{scope}",)
    return ("{task}", "{number}") if kind == "human" else ("{task}",)


def _others() -> dict[str, tuple[Json, str]]:
    """Return what is no input: its channel, and what the supervisor does there (empty: nothing)."""
    decision = f"{subjects.ROOT}.decision.{{tasks}}"
    live = f"{subjects.ROOT}.live.{{task}}.{{step}}.{{principal}}"
    outcome = subjects.outcome_subject("{agent}", "{worker}")
    lead = subjects.lead_subject("{principal}")
    beat, do = subjects.beat_subject("{principal}"), subjects.dispatch_subject("{agent}")
    orders = ["do.step", "do.effect", "do.outcome", "do.cancel"]
    return {
        "decision": (_channel(decision, ["decision"], "What follows from inputs. Stored."), "send"),
        "do": (_channel(do, orders, "What one principal shall do or know. Not stored."), "send"),
        "outcome": (_channel(outcome, ["do.outcome"], "What became of an effect. Not stored."), ""),
        "lead": (_channel(lead, ["beat"], "Signs of life of the supervisor that leads. Not stored."), "send"),
        "beat": (_channel(beat, ["beat"], "Signs of life. Not stored."), "receive"),
        "live": (_channel(live, ["live"], "Progress and tokens as they come. Not stored."), ""),
    }


def _channel(address: str, messages: list[str], description: str) -> Json:
    used = {name: {"description": text} for name, text in _PARAMETERS.items() if f"{{{name}}}" in address}
    return {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "parameters": used,
    }


def _message(name: str) -> Json:
    return {
        "name": name,
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"./{name}.json"}},
    }
