"""`interlock policy`: whether policies will do, what they say of cases, and why something was decided."""

from pathlib import Path
from typing import Any

import click
import msgspec

from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput
from interlock.console.exits import Exit
from interlock.console.help import Group, command
from interlock.console.options import json_option, reach_options
from interlock.console.output import out, print_json, say
from interlock.console.people.editing import checked_object
from interlock.console.policies.asking import asked_by, vacancies
from interlock.console.policies.cases import Hypothesis, complaint, outcome_of, read_cases, ruling_on
from interlock.console.policies.explaining import Explained, explain
from interlock.console.policies.folder import chosen, in_force, read_bundle, wrong_with
from interlock.console.policies.paper import (
    DIGEST_CHARS,
    explained_lines,
    policy_lines,
    question_lines,
    ruling_lines,
)
from interlock.console.runtime import run_async
from interlock.console.whole import Whole
from interlock.contracts import facts as f
from interlock.contracts.message import Json
from interlock.contracts.policy import Policies
from interlock.supervisor.core.policy.compiling import RISKS
from interlock.supervisor.core.policy.rulings import compiled

policy = Group(
    "policy",
    default="check",
    help="""Check policies, hold them to cases, and see why something was decided.

    Examples:
      interlock policy check policies/
      interlock policy test policies/
      interlock policy explain 57

    """,
)
folder_argument = click.argument("folder", required=False, metavar="[FOLDER]")


@command("check")
@folder_argument
@json_option
@reach_options
def check(folder: str | None, as_json: bool, **where: Any) -> int:
    """Say which policies stand in a folder, or what is wrong with them, and where.

    Without FOLDER: the one that INTERLOCK_POLICIES names, or the shipped one. A supervisor takes a changed
    folder within about a second, and keeps what holds when this command would complain. Where an environment
    runs, it is said too for which roles that policies ask nobody is known there.

    Examples:
      interlock policy check
      interlock policy check policies/

    """
    path = chosen(folder)
    bundle = read_bundle(path)
    wrong = wrong_with(bundle)
    if wrong:
        if as_json:
            print_json({"folder": str(path), "digest": bundle.digest, "wrong": wrong})
            return Exit.USAGE
        for sentence in wrong:
            out(sentence)
        say(f"{path} will not do; a supervisor would keep the policies that hold")
        return Exit.USAGE
    return run_async(_check(path, bundle, Where(**where), as_json=as_json))


async def _check(path: Path, bundle: Policies, where: Where, *, as_json: bool) -> int:
    known = compiled(f.PoliciesSet(at_ms=0, by="", digest=bundle.digest, bundle=bundle)).policies
    missing = await vacancies(where, asked_by(known, bundle))
    if as_json:
        print_json({"folder": str(path), "digest": bundle.digest, "wrong": (), "missing": missing})
        return Exit.DONE
    for line in policy_lines(known):
        out(line)
    nothing = "" if known else ", so everything is denied"
    say(f"{path} will do: {len(known)} policies{nothing}, version {bundle.digest[:DIGEST_CHARS]}")
    for sentence in missing:
        say(sentence)
    return Exit.DONE


@command("test")
@folder_argument
@json_option
def test(folder: str | None, as_json: bool) -> int:
    """Hold policies to the cases that stand beside them.

    In policy.test.toml, or tests/*.toml. A case says what is asked, and whether that shall be an `allow`, a
    `deny`, an `approval` or a `suggestion`; docs/policy.md says how.

    Example:
      interlock policy test policies/

    """
    path = chosen(folder)
    policies = in_force(path)
    found = [(file, case, complaint(case, ruling_on(policies, case))) for file, case in read_cases(path)]
    bad = [each for each in found if each[2]]
    if as_json:
        print_json([{"file": file, "case": case.name, "wrong": wrong} for file, case, wrong in found])
    else:
        for file, case, wrong in found:
            out(f"{'BAD' if wrong else 'ok '} {file}: {case.name}" + (f": {wrong}" if wrong else ""))
        say(f"{len(found) - len(bad)} of {len(found)} cases are as expected")
    return Exit.USAGE if bad else Exit.DONE


@command("explain")
@click.argument("effect", type=Whole(1, 2**53), required=False, metavar="[EFFECT]")
@click.option("--role", metavar="NAME", default="", help="Suppose that an agent of this role asks.")
@click.option("--tool", metavar="NAME", default="", help="For this tool,")
@click.option("--model", metavar="NAME", default="", help="or for this model,")
@click.option("--risk", type=click.Choice(RISKS), default="write", show_default=True, help="of this risk,")
@click.option(
    "--arguments", metavar="JSON", default="{}", callback=checked_object, help="with these arguments,"
)
@click.option("--autonomy", type=Whole(1, 5), default=4, show_default=True, help="at this level,")
@click.option("--user", metavar="NAME", default="", help="on behalf of this person,")
@click.option("--tenant", metavar="NAME", default="default", show_default=True, help="of this tenant,")
@click.option("--untrusted", is_flag=True, help="after something from outside was read,")
@click.option("--data-class", metavar="NAME", default="internal", show_default=True, help="on such data,")
@click.option("--region", metavar="NAME", default="", help="in this region.")
@click.option("--folder", metavar="DIR", help="What the policies there say  [$INTERLOCK_POLICIES].")
@json_option
@reach_options
def explain_it(effect: int | None, folder: str | None, as_json: bool, **options: Any) -> int:
    """Say which policies decide about an effect of the log, or about something supposed.

    EFFECT is the record in which an agent asked; the policies of that time answer, by what was so then. With
    --role and --tool or --model nothing has to run: the policies of a folder answer.

    Examples:
      interlock policy explain 57
      interlock policy explain --role executor --tool pay --risk irreversible --arguments '{"cents": 9}'

    """
    supposed = {name: options.pop(name) for name in Hypothesis.__struct_fields__ if name in options}
    named = bool(supposed["role"] or supposed["tool"] or supposed["model"])
    if effect is not None:
        if named:
            raise BadInput(f"record {effect} or something supposed? Name one of them")
        return run_async(_explain(find(Where(**options)), effect, as_json=as_json))
    if not supposed["role"] or bool(supposed["tool"]) == bool(supposed["model"]):
        raise BadInput("what shall be explained? Name an effect's record, or --role with --tool or --model")
    # Text that is none is complained of here, and not in Cedar's words.
    msgspec.json.encode(supposed)
    place = chosen(folder)
    return _suppose(Hypothesis(**supposed), in_force(place), place, as_json=as_json)


def _suppose(supposed: Hypothesis, policies: f.PoliciesSet, place: Path, *, as_json: bool) -> int:
    answer = compiled(policies).answer(supposed.question)
    ruling = ruling_on(policies, supposed)
    if as_json:
        print_json(
            {
                "question": supposed.question,
                "outcome": outcome_of(ruling),
                "ruling": ruling,
                "error": answer.error,
                "policies": [each.id for each in answer.policies],
                "version": policies.digest,
            }
        )
        return Exit.DONE
    for line in question_lines(supposed.question):
        out(line)
    for line in ruling_lines(ruling, answer.policies, answer.error):
        out(line)
    out(f"policies  {policies.digest[:DIGEST_CHARS]}, of {place}")
    return Exit.DONE


async def _explain(reach: Reach, effect: int, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        known = await explain(bus, effect)
    if as_json:
        print_json(_json(known))
    else:
        for line in explained_lines(known):
            out(line)
    return Exit.DONE


def _json(known: Explained) -> Json:
    return {
        "effect": known.effect,
        "task": known.task,
        "record": known.seq,
        "decided": known.decided,
        "question": known.question,
        "outcome": None if known.ruling is None else outcome_of(known.ruling),
        "ruling": known.ruling,
        "error": known.error,
        "policies": [each.id for each in known.policies],
        "version": known.version,
    }


for _command in (check, test, explain_it):
    policy.add_command(_command)
