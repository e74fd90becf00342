"""An office's own desk over real parts: pauses, secrets, tests with proof, and every attempt with its answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from channels.message import Outcome, Receipt
from channels.wire.signature import BadSignature, verify
from tests.corridor.conftest import AT, OFFICER, Corridor, until
from warning.account import Account
from warning.dispatch.subscribe import OfficeSubscription
from warning.errors import Conflict, Invalid, NotFound, TooMany
from warning.level import Level
from warning.office.wish import Changes, NewContact, NewPause
from warning.office.work import AttemptFilter
from warning.trust.address import WebhookSecrets

STRANGER = Account(name="stranger", role="office")


@dataclass
class Receiver:
    """An office's server that keeps what it was sent and answers what it is told to."""

    url: str = ""
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            head = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            self.bodies.append(await reader.readexactly(int(head["content-length"])))
            self.heads.append(head)
            if self.hold is not None:
                await self.hold.wait()
            status = self.answers.pop(0) if self.answers else "204 No Content"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    def signed_by(self, secret: str, at: int = -1) -> bool:
        head = self.heads[at]
        try:
            verify(secret, head["x-xiaoxishu-timestamp"], self.bodies[at], head.get("x-xiaoxishu-signature", ""), AT)
        except BadSignature:
            return False
        return True


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in"
    try:
        yield receiver
    finally:
        if receiver.hold is not None:
            receiver.hold.set()
        server.close()


async def subscribed(corridor: Corridor, url: str, name: str = "office", **wish: object) -> int:
    return await corridor.parts.subscriptions.office(OfficeSubscription.model_validate(
        {"name": name, "channel": "webhook", "address": url, "zones": ["310115"]} | wish), account=OFFICER)


async def roles(corridor: Corridor) -> dict[str, list[str]]:
    """What each office was told, by its path, in order."""
    found: dict[str, list[str]] = {}
    for row in await corridor.rows("SELECT s.name, d.role FROM delivery d JOIN subscription s ON s.id = d.subscription_id "
                                   "WHERE s.kind = 'office' AND d.state IN ('accepted', 'delivered') ORDER BY d.version, s.id"):
        found.setdefault(row["name"], []).append(row["role"])
    return found


async def away(corridor: Corridor, number: int, cover: int | None, *, hours: float = 2) -> int:
    return await corridor.parts.office.pause(
        number, NewPause(starts_at=corridor.now, ends_at=corridor.now + timedelta(hours=hours), cover=cover), account=OFFICER)


# Pauses


async def test_a_cover_is_told_in_the_pause_and_goes_on_to_be_told_of_it_after_and_nobody_gets_an_end_without_a_start(corridor: Corridor) -> None:
    duty = await corridor.office("duty", "/duty")
    cover = await corridor.office("cover", "/cover", zones=("310116",))  # its own place is another
    await corridor.office("silent", "/silent", zones=("310116",))
    await away(corridor, duty, cover, hours=1)
    first = await corridor.warned(level=Level.ORANGE, hours=6)
    await corridor.send(first)
    assert await roles(corridor) == {"cover": ["start"]}
    await corridor.move(timedelta(hours=2))
    second = await corridor.warned(level=Level.RED, action="update", replaces=first)
    await corridor.send(second)
    third = await corridor.warned(level=Level.RED, action="cancel", replaces=second)
    await corridor.send(third)
    assert await roles(corridor) == {"cover": ["start", "change", "end"], "duty": ["start", "end"]}


async def test_who_was_told_before_its_pause_gets_the_end_in_it_and_the_cover_does_not(corridor: Corridor) -> None:
    duty = await corridor.office("duty", "/duty")
    cover = await corridor.office("cover", "/cover", zones=("310116",))
    first = await corridor.warned()
    await corridor.send(first)
    await away(corridor, duty, cover)
    await corridor.send(await corridor.warned(action="cancel", replaces=first))
    assert await roles(corridor) == {"duty": ["start", "end"]}


async def test_a_pause_without_cover_tells_nobody_and_ended_early_tells_at_the_next_version(corridor: Corridor) -> None:
    duty = await corridor.office("duty", "/duty")
    pause = await away(corridor, duty, None)
    first = await corridor.warned()
    await corridor.send(first)
    assert await roles(corridor) == {}
    await corridor.parts.office.end_pause(pause, account=OFFICER)
    await corridor.move(timedelta(minutes=1))
    await corridor.send(await corridor.warned(action="update", replaces=first))
    assert await roles(corridor) == {"duty": ["start"]}


async def test_a_cover_that_was_ended_leaves_the_office_told_itself(corridor: Corridor) -> None:
    duty = await corridor.office("duty", "/duty")
    cover = await corridor.office("cover", "/cover", zones=("310116",))
    await away(corridor, duty, cover)
    await corridor.parts.subscriptions.end(cover, account=OFFICER)
    await corridor.send(await corridor.warned())
    assert await roles(corridor) == {"duty": ["start"]}


async def test_a_pause_is_refused_that_nobody_could_keep(corridor: Corridor) -> None:
    office = corridor.parts.office
    duty = await corridor.office("duty", "/duty")
    await away(corridor, duty, None)
    with pytest.raises(Conflict, match="another pause of this subscription falls into that time"):
        await away(corridor, duty, None)
    for wrong, told in ((duty, "another subscription than the one that pauses"), (999, "no subscription 999 of yours")):
        with pytest.raises((Invalid, NotFound), match=told):
            await office.pause(duty, NewPause(starts_at=AT + timedelta(days=2), ends_at=AT + timedelta(days=3), cover=wrong), account=OFFICER)
    real = await corridor.parts.subscriptions.office(OfficeSubscription(
        name="real", channel="webhook", address=corridor.sink.url("/real"), zones=("310115",), lane="actual"), account=OFFICER)
    with pytest.raises(Invalid, match="cover: subscription .* is for the lane actual, this one for exercise"):
        await office.pause(duty, NewPause(starts_at=AT + timedelta(days=2), ends_at=AT + timedelta(days=3), cover=real), account=OFFICER)
    with pytest.raises(Invalid, match="ends_at: later than"):
        await office.pause(duty, NewPause(starts_at=AT - timedelta(days=2), ends_at=AT - timedelta(days=1)), account=OFFICER)


async def test_a_deputy_that_covers_must_answer_and_a_pausing_contact_is_not_called(corridor: Corridor) -> None:
    office = corridor.parts.office
    number = await corridor.office("chief", "/chief")
    post = await office.set_contacts(number, [
        NewContact(name=name, channel="webhook", address=corridor.sink.url(f"/{name}")) for name in ("deputy", "third", "fourth")], account=OFFICER)
    deputy, third, _ = (one.id for one in post.contacts)
    cover = await corridor.office("cover", "/cover", zones=("310116",))
    await away(corridor, number, deputy)
    await away(corridor, third, cover)
    corridor.sink.silent |= {"/chief", "/deputy", "/third", "/fourth", "/cover"}
    await corridor.send(await corridor.warned())
    calls = await corridor.rows("SELECT c.post, a.name, a.rank FROM duty_call c JOIN call_attempt a ON a.call_id = c.id WHERE a.subscription_id IS NOT NULL ORDER BY a.rank")
    assert [(row["post"], row["name"]) for row in calls] == [("deputy", "deputy"), ("deputy", "cover"), ("deputy", "fourth")]
    assert json.loads(corridor.sink.latest["/deputy"])["ack_url"]
    assert corridor.sink.received["/chief"] == 0


# Machines


async def test_a_secret_is_changed_without_a_gap_and_the_old_one_ends(corridor: Corridor) -> None:
    async with receiving() as receiver:
        number = await subscribed(corridor, receiver.url, secret="the-first-secret-of-all")
        fresh = await corridor.parts.office.new_secret(number, "", account=OFFICER)
        first = await corridor.warned()
        await corridor.send(first)
        assert [receiver.signed_by(one) for one in ("the-first-secret-of-all", fresh, "another-secret-entirely")] == [True, True, False]
        await corridor.execute("UPDATE office_wish SET former_until = clock_timestamp() - interval '1 second'")
        await corridor.send(await corridor.warned(action="update", replaces=first))
        assert [receiver.signed_by(one) for one in ("the-first-secret-of-all", fresh)] == [False, True]
        with pytest.raises(Invalid, match="secret: at least 16 characters"):
            await corridor.parts.office.new_secret(number, "short", account=OFFICER)


async def test_every_try_has_the_same_key_and_the_portal_shows_each_with_its_answer(corridor: Corridor) -> None:
    async with receiving() as receiver, corridor.working():
        receiver.answers = ["503 Service Unavailable", "429 Too Many Requests"]
        await subscribed(corridor, receiver.url)
        alert = await corridor.warned()
        await corridor.expand(alert)
        await corridor.drained()
    found = list(reversed(await corridor.parts.office.attempts(AttemptFilter(), account=OFFICER)))
    assert [(one.number, one.outcome, one.http_status, one.reason) for one in found] == [
        (1, "queued", 503, "refused"), (2, "queued", 429, "rate_limited"), (3, "accepted", 204, "")]
    assert [one.next_try_at is not None for one in found] == [True, True, False]
    assert all(one.seconds is not None and 0 < one.seconds < 5 for one in found)
    keys = {head["idempotency-key"] for head in receiver.heads}
    assert keys == {one.key for one in found}
    assert len(keys) == 1
    assert keys.pop().startswith(alert)


async def test_after_a_crash_in_the_middle_the_key_is_the_same_and_the_lost_try_is_shown(corridor: Corridor) -> None:
    async with receiving() as receiver:
        receiver.hold = asyncio.Event()
        await subscribed(corridor, receiver.url)
        alert = await corridor.warned()
        [due] = [one for one in await corridor.expand(alert) if one.kind == "batch"]
        dying = asyncio.create_task(corridor.parts.dispatch.send(due.id))

        async def arrived() -> bool:
            return len(receiver.heads) == 1

        await until(arrived)
        dying.cancel()  # the worker is gone with the request on the wire
        await asyncio.gather(dying, return_exceptions=True)
        receiver.hold.set()
        await corridor.execute("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 second'")
        await corridor.parts.dispatch.send(due.id)
        assert len({head["idempotency-key"] for head in receiver.heads}) == 1
        assert len(receiver.heads) == 2
    found = await corridor.parts.office.attempts(AttemptFilter(), account=OFFICER)
    assert [(one.number, one.outcome) for one in found] == [(2, "accepted"), (1, "lost")]


async def test_cap_is_pushed_as_the_document_itself_with_the_answer_beside_it(corridor: Corridor) -> None:
    async with receiving() as receiver:
        await subscribed(corridor, receiver.url, form="cap")
        alert = await corridor.warned()
        await corridor.send(alert)
    assert receiver.heads[0]["content-type"] == "application/cap+xml"
    assert receiver.bodies[0].startswith(b"<?xml")
    assert f"<identifier>{alert}</identifier>".encode() in receiver.bodies[0]
    assert receiver.heads[0]["x-xiaoxishu-ack"].startswith("http://drill.test/api/ack/")


async def test_sent_again_goes_out_under_its_key_and_never_when_it_is_over_or_replaced(corridor: Corridor) -> None:
    async with receiving() as receiver:
        receiver.answers = ["400 Bad Request"]
        await subscribed(corridor, receiver.url)
        first = await corridor.warned()
        await corridor.send(first)
        [tried] = await corridor.parts.office.attempts(AttemptFilter(outcome="failed"), account=OFFICER)
        with pytest.raises(NotFound, match="no delivery"):
            await corridor.parts.office.again(tried.delivery_id, account=STRANGER)
        for _ in range(2):  # what failed, then what was taken and got lost there
            await corridor.parts.office.again(tried.delivery_id, account=OFFICER)
            for due in await corridor.expand(first):
                await corridor.deliver(due)
        assert len({head["idempotency-key"] for head in receiver.heads}) == 1
        assert len(receiver.heads) == 3
        second = await corridor.warned(action="update", replaces=first)
        await corridor.send(second)
        with pytest.raises(Conflict, match="a newer version of this warning"):
            await corridor.parts.office.again(tried.delivery_id, account=OFFICER)
        await corridor.move(timedelta(hours=4))
        newest = (await corridor.parts.office.attempts(AttemptFilter(identifier=second), account=OFFICER))[0]
        with pytest.raises(Conflict, match="has expired"):
            await corridor.parts.office.again(newest.delivery_id, account=OFFICER)
    assert await corridor.parts.office.attempts(AttemptFilter(), account=STRANGER) == []


# A test with proof


async def test_a_test_message_really_goes_out_is_answered_and_counts_as_no_warning(corridor: Corridor) -> None:
    path = "/office"
    number = await corridor.office("office", path)
    trial = await corridor.parts.office.test(number, account=OFFICER)

    async def sent() -> bool:
        return (await corridor.parts.office.tests(number, account=OFFICER))[0].state == "accepted"

    await until(sent)
    said = json.loads(corridor.sink.latest[path])
    assert (said["type"], said["status"], said["key"]) == ("test", "Test", f"trial/{trial}")
    assert said["ack_url"].startswith("http://drill.test/api/test-ack/")
    word = said["ack_url"].rsplit("/", 1)[-1]
    assert await corridor.parts.office.answer_test(word, by="li") == "office"
    with pytest.raises(Conflict, match="answered already"):
        await corridor.parts.office.answer_test(word, by="li")
    with pytest.raises(NotFound, match="test link is not known"):
        await corridor.parts.office.answer_test(word[:-1] + ("0" if word[-1] != "0" else "1"), by="li")
    [proof] = await corridor.parts.office.tests(number, account=OFFICER)
    assert (proof.state, proof.evidence, proof.answered_by, proof.asked_by) == ("accepted", "HTTP 204", "li", "officer")
    assert proof.seconds is not None
    counts = {table: (await corridor.rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"]
              for table in ("alert", "batch", "delivery", "attempt", "duty_call", "stage_event")}
    assert set(counts.values()) == {0}
    assert corridor.parts.meter.read() == {}
    [shown] = await corridor.parts.office.attempts(AttemptFilter(), account=OFFICER)
    assert (shown.test, shown.key, shown.http_status) == (True, f"trial/{trial}", 204)
    with pytest.raises(TooMany):
        await corridor.parts.office.test(number, account=OFFICER)


async def test_a_test_by_short_message_is_proved_by_the_handset_and_says_that_it_is_one(corridor: Corridor) -> None:
    number = await corridor.parts.subscriptions.office(OfficeSubscription(
        name="li", channel="sms", address="8613900000001", zones=("310115",)), account=OFFICER)
    await corridor.parts.office.test(number, account=OFFICER)

    async def delivered() -> bool:
        return (await corridor.parts.office.tests(number, account=OFFICER))[0].state == "delivered"

    await until(delivered)
    [heard] = corridor.heard("8613900000001")
    assert "【测试】这是接收测试，不是预警" in heard
    assert "http://drill.test/api/test-ack/" in heard


async def test_a_test_whose_worker_died_is_unknown_and_not_sent_twice(corridor: Corridor) -> None:
    number = await corridor.office("office", "/office")
    await corridor.parts.office.test(number, account=OFFICER)
    await corridor.execute("UPDATE trial SET state = 'claimed', lease_until = clock_timestamp() - interval '1 second' WHERE state = 'waiting'")
    assert await corridor.parts.trials.look() == 0
    [one] = await corridor.parts.office.tests(number, account=OFFICER)
    assert one.state in ("unknown", "accepted")  # the fixture's own worker may have been quicker
    await corridor.parts.dispatch.on_receipt(Receipt(key=f"trial/{one.id}", outcome=Outcome.DELIVERED, at=AT, evidence="late"))
    await corridor.parts.dispatch.flush()
    assert (await corridor.parts.office.tests(number, account=OFFICER))[0].state == "delivered"


# Changing


async def test_contacts_are_called_in_order_follow_their_post_and_end_when_left_out(corridor: Corridor) -> None:
    office = corridor.parts.office
    number = await corridor.office("first", "/first")
    await office.set_contacts(number, [
        NewContact(name="second", channel="webhook", address=corridor.sink.url("/second")),
        NewContact(name="third", channel="sms", address="8613900000003")], account=OFFICER)
    post = await office.post(number, account=OFFICER)
    assert [one.name for one in post.contacts] == ["second", "third"]
    second, third = (one.id for one in post.contacts)
    await office.change(number, Changes(zones=("310116",)), account=OFFICER)
    assert {row["name"]: row["zones"] for row in await corridor.rows("SELECT name, zones FROM subscription")} == dict.fromkeys(
        ("first", "second", "third"), ["310116"])
    alert = await corridor.warned(zones=("310116",))
    await corridor.send(alert)
    assert (corridor.sink.received["/first"], corridor.sink.received["/second"]) == (1, 0)
    turned = await office.set_contacts(number, [NewContact(id=third)], account=OFFICER)
    assert [one.id for one in turned.contacts] == [third]
    assert [row["active"] for row in await corridor.rows("SELECT active FROM subscription WHERE id = :i", i=second)] == [False]
    with pytest.raises(NotFound):
        await office.set_contacts(number, [NewContact(id=number)], account=STRANGER)


async def test_a_change_keeps_what_is_not_named_and_channel_and_lane_stay(corridor: Corridor) -> None:
    office = corridor.parts.office
    number = await subscribed(corridor, "http://127.0.0.1:9/secret-path", secret="s" * 20, sectors=["flood"])
    await office.change(number, Changes(min_level="red"), account=OFFICER)
    row = (await corridor.rows("SELECT * FROM subscription WHERE id = :i", i=number))[0]
    assert (row["address"], WebhookSecrets("s" * 32).open(row["secret"]), row["min_level"], row["hazards"]) == ("http://127.0.0.1:9/secret-path", "s" * 20, 4, ["rainstorm", "typhoon"])
    post = await office.post(number, account=OFFICER)
    assert (post.sectors, post.signs) == (("flood",), True)
    assert "secret-path" not in post.address
    await office.change(number, Changes(sectors=("port",)), account=OFFICER)
    assert "fog" in (await office.post(number, account=OFFICER)).hazards
    with pytest.raises(Invalid, match="channel: stays webhook"):
        await office.replace(number, OfficeSubscription(name="x", channel="sms", address="8613900000001"), account=OFFICER)
    with pytest.raises(Invalid, match="lane: stays exercise"):
        await office.replace(number, OfficeSubscription(name="x", channel="webhook", lane="actual"), account=OFFICER)
    other = await subscribed(corridor, "http://127.0.0.1:9/secret-path", name="other")
    with pytest.raises(Conflict, match="another subscription has this name and address"):
        await office.change(other, Changes(name="office"), account=OFFICER)
    acts = [(row["who"], row["act"]) for row in await corridor.rows("SELECT who, act FROM audit ORDER BY id")]
    assert ("officer", "change") in acts


async def test_nothing_of_another_office_is_reached_by_its_number(corridor: Corridor) -> None:
    number = await corridor.office("office", "/office")
    given = {
        "post": (), "preview_of": (), "following": (), "test": (), "tests": (), "change": (Changes(name="x"),), "set_contacts": ([],),
        "replace": (OfficeSubscription(name="x", channel="webhook"),), "new_secret": ("",),
        "pause": (NewPause(starts_at=AT, ends_at=AT + timedelta(hours=1)),)}
    for verb, asked in given.items():
        for nobody in (number, number + 1000):  # the same words for what is somebody else's and for what there is not
            with pytest.raises(NotFound, match=f"no subscription {nobody} of yours"):
                await getattr(corridor.parts.office, verb)(nobody, *asked, account=STRANGER)
    assert await corridor.parts.office.posts(account=STRANGER) == []
    pause = await away(corridor, number, None)
    with pytest.raises(NotFound, match="no pause"):
        await corridor.parts.office.end_pause(pause, account=STRANGER)
    assert await corridor.parts.office.pauses(account=STRANGER) == []
    mine = await corridor.parts.subscriptions.office(
        OfficeSubscription(name="mine", channel="webhook", address=corridor.sink.url("/mine")), account=STRANGER)
    with pytest.raises(NotFound, match=f"no subscription {number} of yours"):  # nor as a cover
        await corridor.parts.office.pause(mine, NewPause(starts_at=AT, ends_at=AT + timedelta(hours=1), cover=number), account=STRANGER)
