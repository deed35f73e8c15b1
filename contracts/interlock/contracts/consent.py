"""What people agree to who let a model be used: the name that they sign, and the whole of what they judge.

Of a tool it is the tool's name and its arguments. Who has to agree, it does not know.
"""

from msgspec.structs import asdict

from interlock.contracts.effect import MODELS, ModelCall
from interlock.contracts.message import Json
from interlock.contracts.presence import ModelOffer


def signed_name(model: str) -> str:
    """Return the name by which people sign the use of a model; no tool can have it."""
    return f"{MODELS}{model}"


def signed_model(name: str) -> str:
    """Return the model that people sign by a name; empty: it is a tool's."""
    return name.removeprefix(MODELS) if name.startswith(MODELS) else ""


def asked_of_model(call: ModelCall) -> Json:
    """Return all that a model is asked, and what is left at its default too."""
    return asdict(call)


def judged(asked: Json, offer: ModelOffer) -> Json:
    """Return what people judge: all that is asked, which model answers it, for which data, and where."""
    return asked | {"model": offer.model, "data_class": offer.data_class, "region": offer.region}
