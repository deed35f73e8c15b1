"""What the server lets each role do, on a real server with real keys."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
from tests.bus.conftest import Basket, Collected, until
from tests.bus.guarded import WHO, Guarded, refusal_of, until_stored

from interlock.bus import connection, identity, jetstream
from interlock.bus.accounts import MOST_SUBSCRIPTIONS
from interlock.bus.desk import Desk
from interlock.bus.errors import NotPermitted, Unreachable
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.permissions import API_OF_THE_LOG, PEOPLE, ROLES, permissions_of
from interlock.bus.ports import Message, Record
from interlock.contracts.subjects import (
    CONTROLS,
    DECISIONS,
    DELEGATIONS,
    ENTITLEMENTS,
    FLEET_DECISIONS,
    SUBMISSIONS,
)


@pytest.fixture
async def guarded(state: Path) -> AsyncIterator[Guarded]:
    made = Guarded(state)
    await made.begin()
    yield made
    await made.end()


@pytest.mark.parametrize(
    ("principal", "subject"),
    [
        ("researcher-1", "interlock.in.researcher-1.agent.effect.42"),
        ("effects-1", "interlock.in.effects-1.effect.completed.42"),
        ("supervisor-1", "interlock.in.supervisor-1.supervisor.elected"),
        ("supervisor-1", "interlock.decision.42"),
        ("alice", "interlock.in.alice.task.submit"),
        ("alice", "interlock.in.alice.control.kill.fleet"),
        ("alice", "interlock.in.alice.human.approve.42"),
        ("alice", "interlock.in.alice.control.release.fleet"),
        ("alice", "interlock.in.alice.control.canary.fleet"),
        ("alice", "interlock.in.alice.control.canary.task.42"),
        ("alice", "interlock.in.alice.control.autonomy.role.executor"),
        ("olga", "interlock.in.olga.control.autonomy.role.executor"),
        ("guard-1", "interlock.in.guard-1.guard.exited"),
        ("access-1", "interlock.in.access-1.access.violation"),
    ],
)
async def test_each_role_says_what_is_its_own(guarded: Guarded, principal: str, subject: str) -> None:
    assert (await guarded.buses[principal].append(subject, b"{}")).seq == 1


@pytest.mark.parametrize(
    ("principal", "subject"),
    [
        ("researcher-1", "interlock.in.alice.task.submit"),
        ("researcher-1", "interlock.in.researcher-2.agent.result.42"),
        ("researcher-1", "interlock.in.researcher-1.control.resume.fleet"),
        ("researcher-1", "interlock.in.researcher-1.effect.completed.42"),
        ("researcher-1", "interlock.decision.42"),
        ("effects-1", "interlock.decision.42"),
        ("effects-1", "interlock.in.researcher-1.agent.result.42"),
        ("supervisor-1", "interlock.in.alice.task.submit"),
        ("alice", "interlock.decision.42"),
        ("alice", "interlock.in.bob.human.approve.42"),
        ("vera", "interlock.in.vera.task.submit"),
        ("vera", "interlock.in.vera.control.kill.fleet"),
        ("vera", "interlock.in.vera.human.approve.42.1"),
        ("olga", "interlock.in.olga.control.canary.fleet"),
        ("olga", "interlock.in.olga.control.canary.task.42"),
        ("olga", "interlock.in.olga.human.approve.42.1"),
        ("effects-1", "interlock.in.effects-1.human.approve.42.1"),
        ("effects-1", "interlock.in.effects-1.access.entitled.alice"),
        ("researcher-1", "interlock.in.researcher-1.human.approve.42.1"),
        ("effects-1", "interlock.in.effects-1.control.resume.fleet"),
        ("guard-1", "interlock.in.guard-1.control.kill.fleet"),
        ("guard-1", "interlock.decision.fleet"),
        ("access-1", "interlock.in.researcher-1.agent.bye"),
    ],
)
async def test_nobody_says_what_is_anothers(guarded: Guarded, principal: str, subject: str) -> None:
    # When somebody appends where only another may, then it fails at once and nothing is stored
    with pytest.raises(NotPermitted, match="may not publish"):
        await guarded.buses[principal].append(subject, b"{}")
    assert await guarded.buses["alice"].last_seq() == 0
    # And its own words are still taken
    own = {"researcher-1": "agent.result.1", "effects-1": "effect.failed.1"}.get(principal, "")
    if own:
        assert (await guarded.buses[principal].append(f"interlock.in.{principal}.{own}", b"")).seq == 1


@pytest.mark.parametrize(
    "request_of_the_api",
    [
        "STREAM.DELETE.INTERLOCK",
        "STREAM.PURGE.INTERLOCK",
        "STREAM.INFO.INTERLOCK",
        "STREAM.MSG.GET.INTERLOCK",
        "STREAM.MSG.DELETE.INTERLOCK",
        "STREAM.CREATE.OTHER",
        "CONSUMER.CREATE.INTERLOCK.mine",
        "CONSUMER.MSG.NEXT.INTERLOCK.mine",
        "DIRECT.GET.INTERLOCK",
    ],
)
@pytest.mark.parametrize("principal", ["researcher-1", "effects-1", "guard-1", "access-1"])
async def test_workers_cannot_touch_the_log_but_by_their_words(
    guarded: Guarded, principal: str, request_of_the_api: str
) -> None:
    with pytest.raises(NotPermitted):
        await guarded.buses[principal].request(f"$JS.API.{request_of_the_api}", b"{}", timeout_s=5)


@pytest.mark.parametrize(
    "request_of_the_api",
    [
        "STREAM.DELETE.INTERLOCK",
        "STREAM.PURGE.INTERLOCK",
        "STREAM.MSG.DELETE.INTERLOCK",
        "DIRECT.GET.INTERLOCK",
    ],
)
@pytest.mark.parametrize("principal", ["alice", "supervisor-1"])
async def test_nobody_can_take_a_record_out_of_the_log_or_have_it_said_again(
    guarded: Guarded, principal: str, request_of_the_api: str
) -> None:
    with pytest.raises(NotPermitted):
        await guarded.buses[principal].request(f"$JS.API.{request_of_the_api}", b"{}", timeout_s=5)


@pytest.mark.parametrize(
    "subject",
    [
        "interlock.decision.>",
        "interlock.do.researcher-2",
        "interlock.do.*",
        "interlock.in.>",
        "interlock.taken.>",
        "_INBOX_alice.>",
        "_INBOX.>",
        "interlock.in.*.control.>",
        "interlock.beat.*",
        "interlock.live.>",
        "interlock.outcome.researcher-2.*",
        "$SYS.>",
        "$JS.>",
        ">",
    ],
)
async def test_an_agent_cannot_hear_what_is_not_for_it(guarded: Guarded, subject: str) -> None:
    heard: Collected[Message] = Collected()
    with pytest.raises(NotPermitted, match="may not read"):
        await guarded.buses["researcher-1"].listen(subject, heard.take)


async def test_an_agent_cannot_follow_the_log(guarded: Guarded) -> None:
    seen: Collected[Record] = Collected()
    with pytest.raises(NotPermitted, match="role that reads the log"):
        await guarded.buses["researcher-1"].follow(["interlock.decision.>"], seen.take)


async def test_a_stop_command_reaches_every_process(guarded: Guarded) -> None:
    # Given everybody listening to controls, and agents to kills
    heard: Collected[str] = Collected()
    for principal, bus in guarded.buses.items():

        async def hear(_: Message, principal: str = principal) -> None:
            await heard.take(principal)

        controls = "interlock.in.*.control.kill.>" if principal == "researcher-1" else CONTROLS
        await bus.listen(controls, hear)
    # When a person says stop, then all hear it
    await guarded.buses["alice"].append("interlock.in.alice.control.kill.fleet", b"{}")
    assert set(await heard.count(len(WHO))) == set(WHO)


async def test_a_supervisor_and_a_person_read_everything(guarded: Guarded) -> None:
    await guarded.buses["researcher-1"].append("interlock.in.researcher-1.agent.hello", b"{}")
    await guarded.buses["supervisor-1"].append("interlock.decision.fleet", b"{}")
    for principal in ("alice", "supervisor-1"):
        bus = guarded.buses[principal]
        seen: Collected[Record] = Collected()
        await bus.follow(["interlock.in.>", "interlock.decision.>"], seen.take)
        assert [record.seq for record in await seen.count(2)] == [1, 2]
        assert [record.seq async for record in bus.history(["interlock.decision.>"])] == [2]
        assert await bus.record(1) is not None


async def test_a_bare_client_with_a_persons_key_submits_and_follows(guarded: Guarded) -> None:
    # Given any NATS client, which knows nothing of us but the subjects
    half_typed: Any = nats
    client = await half_typed.connect(guarded.server.url, nkeys_seed_str=guarded.seed("alice"))
    js = client.jetstream()
    # When it submits and reads as its own library does
    ack = await js.publish("interlock.in.alice.task.submit", b"{}")
    subscription = await js.subscribe("interlock.in.>", ordered_consumer=True)
    message = await subscription.next_msg(timeout=5)
    # Then it has the task's id and the record
    assert (ack.seq, message.data) == (1, b"{}")
    assert (await js.get_msg("INTERLOCK", 1)).data == b"{}"
    await client.close()


async def test_a_person_cannot_command_an_agent_through_a_consumer(guarded: Guarded) -> None:
    # Given a record that looks like an order, and a consumer that delivers it to an agent's desk
    basket = Basket()
    desk = Desk(guarded.buses["researcher-1"], basket.take)
    await desk.start()
    alice = guarded.buses["alice"]
    await alice.append("interlock.in.alice.task.submit", b"obey me")
    config = {"name": "forger", "deliver_subject": "interlock.do.researcher-1", "ack_policy": "none"}
    body = msgspec.json.encode({"stream_name": "INTERLOCK", "config": config})
    await jetstream.call(alice.requests, "CONSUMER.CREATE.INTERLOCK.forger", body, dict[str, Any])
    # When the supervisor dispatches afterwards, then only that is taken
    await guarded.buses["supervisor-1"].send("interlock.do.researcher-1", b"a true outcome")
    await until(lambda: bool(basket.items))
    assert basket.items == [b"a true outcome"]


async def test_an_agent_cannot_speak_through_the_servers_acknowledgements(guarded: Guarded) -> None:
    # Given a supervisor that follows the log and listens to controls
    supervisor = guarded.buses["supervisor-1"]
    seen: Collected[Record] = Collected()
    heard: Collected[Message] = Collected()
    await supervisor.follow(["interlock.decision.>", "interlock.in.>"], seen.take)
    await supervisor.listen("interlock.in.*.control.>", heard.take)
    first = await supervisor.append("interlock.decision.42", b"one", expected_subject_seq=0)
    # When an agent has its own words acknowledged on subjects of others
    agent = guarded.buses["researcher-1"]
    stored_echoes = (
        "interlock.in.alice.control.resume.fleet",
        "interlock.decision.42",
        "interlock.decision.43",
    )
    for subject in (*stored_echoes, "interlock.decision.42"):
        await agent.send("interlock.in.researcher-1.agent.hello", b"{}", reply=subject)
    await until_stored(supervisor, 9)
    # Then a supervisor's next decisions are not hindered
    second = await supervisor.append("interlock.decision.42", b"two", expected_subject_seq=first.seq)
    third = await supervisor.append("interlock.decision.43", b"three", expected_subject_seq=0)
    # And nobody hears or reads what nobody has said
    await guarded.buses["alice"].append("interlock.in.alice.control.kill.fleet", b"{}")
    assert [message.subject for message in await heard.count(1)] == ["interlock.in.alice.control.kill.fleet"]
    said = {record.seq: record.data for record in await seen.count(8)}
    assert (said.pop(first.seq), said.pop(second.seq), said.pop(third.seq)) == (b"one", b"two", b"three")
    assert set(said.values()) == {b"{}"}
    echoes = set(range(1, 13)) - {record.seq for record in seen.items}
    assert [await supervisor.record(seq) for seq in echoes] == [None] * 4


@pytest.mark.parametrize("principal", ["vera", "effects-1", "guard-1"])
@pytest.mark.parametrize("verb", ["STREAM.DELETE", "STREAM.PURGE"])
async def test_no_reader_can_have_the_server_itself_destroy_the_log(
    guarded: Guarded, principal: str, verb: str
) -> None:
    # Given a log, and a consumer that has nothing to deliver
    alice, reader = guarded.buses["alice"], guarded.buses[principal]
    await alice.append("interlock.in.alice.task.submit", b"{}")
    await make_consumer(reader, f"{principal}_controls")
    await make_consumer(alice, "mark")
    # When its empty status "no messages" is sent where an empty request destroys
    for destroyed in (f"{verb}.INTERLOCK", "CONSUMER.DELETE.INTERLOCK.mark"):
        await reader.send(
            f"$JS.API.CONSUMER.MSG.NEXT.INTERLOCK.{principal}_controls",
            b'{"batch":1,"no_wait":true}',
            reply=f"$JS.API.{destroyed}",
        )
    async with asyncio.timeout(10):
        while "not found" not in await refusal_of(alice, "$JS.API.CONSUMER.INFO.INTERLOCK.mark", b""):
            pass
    # Then a consumer can be lost so, which its reader makes anew, but nothing of the log
    assert [record.seq async for record in alice.history([])] == [1]


async def make_consumer(bus: NatsBus, name: str) -> None:
    config = {"name": name, "filter_subject": CONTROLS, "ack_policy": "none"}
    body = msgspec.json.encode({"stream_name": "INTERLOCK", "config": config})
    create = f"CONSUMER.CREATE.INTERLOCK.{name}.{CONTROLS}"
    await jetstream.call(bus.requests, create, body, dict[str, Any])


async def test_an_agents_acknowledgement_is_no_request_of_the_api(guarded: Guarded) -> None:
    alice, agent = guarded.buses["alice"], guarded.buses["researcher-1"]
    await alice.append("interlock.in.alice.task.submit", b"{}")
    verbs = ("STREAM.PURGE", "STREAM.DELETE", "STREAM.MSG.DELETE", "STREAM.UPDATE", "CONSUMER.CREATE")
    for verb in verbs:
        await agent.send("interlock.in.researcher-1.agent.hello", b"{}", reply=f"$JS.API.{verb}.INTERLOCK")
    await until_stored(alice, 1 + len(verbs))
    assert len([record async for record in alice.history([])]) == 1 + len(verbs)


async def test_who_wants_too_many_subscriptions_is_cut(guarded: Guarded) -> None:
    # Given an agent that listens to ever more below its inbox
    half_typed: Any = nats
    gone = asyncio.Event()

    async def on_closed() -> None:
        gone.set()

    async def on_error(_: Exception) -> None:
        pass

    seed = guarded.seed("researcher-1")
    client = await half_typed.connect(
        guarded.server.url, nkeys_seed_str=seed, closed_cb=on_closed, error_cb=on_error
    )
    for number in range(MOST_SUBSCRIPTIONS + 1):
        await client.subscribe(f"_INBOX_researcher-1.{number}")
    # Then the server ends that connection, and nobody else's
    async with asyncio.timeout(5):
        await gone.wait()
    assert "maximum subscriptions" in str(client.last_error)
    assert all(bus.connected for bus in guarded.buses.values())


NARROW = ("guard-1", "access-1", "effects-1")


@pytest.mark.parametrize("principal", NARROW)
async def test_a_narrow_reader_reads_its_filter(guarded: Guarded, principal: str) -> None:
    # Given controls among other records
    alice = guarded.buses["alice"]
    for words in ("task.submit", "control.kill.fleet", "task.submit", "control.resume.fleet"):
        await alice.append(f"interlock.in.alice.{words}", b"{}")
    # When somebody who may read controls alone reads back, and then follows
    reader = guarded.buses[principal]
    assert [record.seq async for record in reader.history([CONTROLS], consumer="controls")] == [2, 4]
    assert [r.seq async for r in reader.history([CONTROLS], start_seq=3, consumer="controls")] == [4]
    seen: Collected[Record] = Collected()
    await reader.follow([CONTROLS], seen.take, start_seq=3, consumer="controls")
    await alice.append("interlock.in.alice.control.pause.fleet", b"{}")
    # Then it has these and no others
    assert [record.seq for record in await seen.count(2)] == [4, 5]


async def test_an_effect_worker_reads_who_may_approve_and_with_it_no_other_input(guarded: Guarded) -> None:
    # Given what access has said of people, among other things
    await guarded.buses["access-1"].append("interlock.in.access-1.access.entitled.alice", b"{}")
    await guarded.buses["access-1"].append("interlock.in.access-1.access.violated", b"{}")
    await guarded.buses["alice"].append("interlock.in.alice.human.delegate", b"{}")
    await guarded.buses["alice"].append("interlock.in.alice.task.submit", b"{}")
    # When an effect worker reads it, then it has that alone; an agent has nothing
    read = guarded.buses["effects-1"].history([ENTITLEMENTS], consumer="entitled")
    assert [record.seq async for record in read] == [1]
    read = guarded.buses["effects-1"].history([DELEGATIONS], consumer="delegated")
    assert [record.seq async for record in read] == [3]
    read = guarded.buses["effects-1"].history([SUBMISSIONS], consumer="submitted")
    assert [record.seq async for record in read] == [4]
    others = "interlock.in.*.access.>", "interlock.in.*.human.>", "interlock.in.*.task.>", DELEGATIONS
    for principal, pattern in (*(("effects-1", other) for other in others), ("researcher-1", ENTITLEMENTS)):
        with pytest.raises(NotPermitted):
            await anext(aiter(guarded.buses[principal].history([pattern], consumer="entitled")))


async def test_a_narrow_reader_takes_the_place_of_its_consumer_of_before(guarded: Guarded) -> None:
    # Given a guard that follows controls, and is cut
    alice, guard = guarded.buses["alice"], guarded.buses["guard-1"]
    seen: Collected[Record] = Collected()
    await guard.follow([CONTROLS], seen.take, consumer="controls")
    await alice.append("interlock.in.alice.control.kill.fleet", b"{}")
    await seen.count(1)
    assert await guarded.door.kick("guard-1") == 1
    await alice.append("interlock.in.alice.control.resume.fleet", b"{}")
    # Then it reads on under the same name
    assert [record.seq for record in await seen.count(2)] == [1, 2]


async def test_a_narrow_reader_goes_on_when_its_consumer_is_gone(guarded: Guarded) -> None:
    # Given a guard that follows controls
    alice, guard = guarded.buses["alice"], guarded.buses["guard-1"]
    seen: Collected[Record] = Collected()
    await guard.follow([CONTROLS], seen.take, consumer="controls")
    await alice.append("interlock.in.alice.control.kill.fleet", b"{}")
    await seen.count(1)
    # When its consumer is deleted, and its connection cut
    await jetstream.delete_consumer(alice.requests, "guard-1_controls")
    assert await guarded.door.kick("guard-1") == 1
    await alice.append("interlock.in.alice.control.resume.fleet", b"{}")
    # Then nothing is missed, and nothing comes twice
    assert [record.seq for record in await seen.count(2)] == [1, 2]


NAMED = "$JS.API.CONSUMER.CREATE.INTERLOCK.guard-1_controls"


@pytest.mark.parametrize(
    ("subject", "changed"),
    [
        (f"{NAMED}.{CONTROLS}", {"filter_subject": DECISIONS}),
        (f"{NAMED}.{CONTROLS}", {"filter_subject": ""}),
        (f"{NAMED}.{CONTROLS}", {"filter_subject": "", "filter_subjects": [CONTROLS, DECISIONS]}),
        (f"{NAMED}.{CONTROLS}", {"filter_subjects": [CONTROLS, DECISIONS]}),
        (f"{NAMED}.{CONTROLS}", {"deliver_subject": "interlock.decision.42"}),
        (f"{NAMED}.{CONTROLS}", {"durable_name": "other"}),
        (f"{NAMED}.{DECISIONS}", {"filter_subject": DECISIONS}),
        (NAMED, {"filter_subject": CONTROLS}),
        ("$JS.API.CONSUMER.CREATE.INTERLOCK", {"name": ""}),
        (f"$JS.API.CONSUMER.CREATE.INTERLOCK.guard-2_controls.{CONTROLS}", {"name": "guard-2_controls"}),
        (f"$JS.API.CONSUMER.CREATE.INTERLOCK.mine.{CONTROLS}", {"name": "mine"}),
        (f"$JS.API.CONSUMER.DURABLE.CREATE.INTERLOCK.guard-1_controls.{CONTROLS}", {}),
    ],
)
async def test_a_narrow_reader_makes_no_other_consumer(
    guarded: Guarded, subject: str, changed: dict[str, Any]
) -> None:
    guard = guarded.buses["guard-1"]
    config = {"name": "guard-1_controls", "filter_subject": CONTROLS, "ack_policy": "none"} | changed
    body = msgspec.json.encode({"stream_name": "INTERLOCK", "config": config})
    assert await refusal_of(guard, subject, body)


async def test_what_a_narrow_reader_is_called_is_what_its_subject_says(guarded: Guarded) -> None:
    # Given a request whose body names another consumer than its subject
    guard, alice = guarded.buses["guard-1"], guarded.buses["alice"]
    config = {"name": "another", "filter_subject": CONTROLS, "ack_policy": "none"}
    body = msgspec.json.encode({"stream_name": "INTERLOCK", "config": config})
    await refusal_of(guard, f"{NAMED}.{CONTROLS}", body)
    # Then there is none by that name
    assert "not found" in await refusal_of(alice, "$JS.API.CONSUMER.INFO.INTERLOCK.another", b"")


async def test_a_narrow_reader_reads_nothing_else(guarded: Guarded) -> None:
    guard = guarded.buses["guard-1"]
    with pytest.raises(NotPermitted):
        await anext(aiter(guard.history([DECISIONS], consumer="controls")))
    with pytest.raises(NotPermitted):
        await guard.last_seq()
    assert [record async for record in guard.history([FLEET_DECISIONS], consumer="fleet")] == []


async def test_whoever_commands_cannot_have_another_say_something(guarded: Guarded) -> None:
    # Given an agent at its desk
    basket = Basket()
    desk = Desk(guarded.buses["researcher-1"], basket.take)
    await desk.start()
    # When a dispatch asks for an answer where the agent's own words are stored
    supervisor = guarded.buses["supervisor-1"]
    await supervisor.send("interlock.do.researcher-1", b"x", reply="interlock.in.researcher-1.agent.bye")
    await until(lambda: bool(basket.items))
    await desk.stop()
    await guarded.buses["researcher-1"].append("interlock.in.researcher-1.agent.hello", b"{}")
    # Then it has said nothing there
    assert [record.subject async for record in supervisor.history([])] == [
        "interlock.in.researcher-1.agent.hello"
    ]


async def test_the_last_record_of_a_subject_is_one_that_somebody_said(guarded: Guarded) -> None:
    supervisor, agent = guarded.buses["supervisor-1"], guarded.buses["researcher-1"]
    await supervisor.append("interlock.decision.42", b"one")
    for subject in ("interlock.decision.42", "interlock.decision.43"):
        await agent.send("interlock.in.researcher-1.agent.hello", b"{}", reply=subject)
    await until_stored(supervisor, 5)
    last = await supervisor.last("interlock.decision.42")
    assert last is not None
    assert last.data == b"one"
    assert await supervisor.last("interlock.decision.43") is None


async def test_a_stranger_is_refused_with_a_reason(guarded: Guarded) -> None:
    for key in (None, identity.create().seed):
        with pytest.raises(NotPermitted, match="refuses the key of alice"):
            await connect(guarded.server.url, "alice", key=key)


async def test_a_new_principal_connects_at_once_and_nobody_is_disturbed(guarded: Guarded) -> None:
    # Given a running server, and an agent that listens
    heard: Collected[Message] = Collected()
    await guarded.buses["researcher-1"].listen("interlock.do.researcher-1", heard.take)
    # When somebody is admitted
    guarded.principals.admit("bob", ["submitter"])
    # Then the new one may speak, and the others are still connected
    bob = await guarded.connect("bob")
    assert (await bob.append("interlock.in.bob.task.submit", b"{}")).seq == 1
    await guarded.buses["supervisor-1"].send("interlock.do.researcher-1", b"step 1")
    assert (await heard.count(1))[0].data == b"step 1"
    assert all(bus.connected for bus in guarded.buses.values())


async def test_a_person_with_two_roles_may_do_what_both_may(guarded: Guarded) -> None:
    guarded.principals.admit("bob", ["submitter", "approver"])
    bob = await guarded.connect("bob")
    for words in ("task.submit", "human.approve.7"):
        await bob.append(f"interlock.in.bob.{words}", b"{}")
    with pytest.raises(NotPermitted):
        await bob.append("interlock.in.bob.control.kill.fleet", b"{}")


async def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "OPEN_S", 0.3)
    with pytest.raises(Unreachable, match=r"no NATS server answers at nats://127\.0\.0\.1:1 .*start one"):
        await connect("nats://127.0.0.1:1", "alice")
    with pytest.raises(Unreachable, match="no NATS server answers at nonsense:port"):
        await connect("nonsense:port", "alice")


def test_the_table_names_the_principal_and_nobody_else() -> None:
    for role in ROLES:
        permissions = permissions_of("bob", [role])
        for pattern in (*permissions.publish, *permissions.subscribe):
            assert "{" not in pattern
        said = [pattern for pattern in permissions.publish if pattern.startswith("interlock.in.")]
        assert all(pattern.startswith("interlock.in.bob.") for pattern in said)


def test_of_the_api_nobody_may_use_what_does_not_exist() -> None:
    for role in ROLES:
        asked = {
            pattern for pattern in permissions_of("bob", [role]).publish if pattern.startswith("$JS.API.")
        }
        narrow = {pattern for pattern in asked if ".bob_" in pattern}
        assert asked - narrow <= set(API_OF_THE_LOG), role
        assert {word for pattern in narrow for word in pattern.split(".")[2:5]} <= {
            "CONSUMER", "CREATE", "DELETE", "MSG", "NEXT", "INTERLOCK",
        }  # fmt: skip


@pytest.mark.parametrize(
    "roles", [["king"], [], ["agent", "viewer"], ["agent", "effects"], ["viewer", "supervisor"]]
)
def test_roles_that_nobody_can_have_are_refused(roles: list[str]) -> None:
    with pytest.raises(NotPermitted, match="bob cannot"):
        permissions_of("bob", roles)


def test_a_person_may_have_all_roles_of_people() -> None:
    everything = permissions_of("bob", PEOPLE)
    assert len(set(everything.publish)) == len(everything.publish)
    assert set(permissions_of("bob", ["admin"]).publish) <= set(everything.publish)
