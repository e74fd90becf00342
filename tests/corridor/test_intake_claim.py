"""One message is taken once: claimed before anything follows, by no forged copy, carried on after a crash, and in whatever order its versions come."""

import asyncio
import re
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import httpx
import pytest

from channels.wire.national_ack import Ack, read_ack
from tests.corridor.conftest import APPROVER, AT, Corridor
from tests.corridor.test_intake import TOKEN, alert, joined, push, signed, zipped
from warning import cap
from warning.account import Account
from warning.capxml import write
from warning.exchange.desk import IntakeDesk
from warning.issue.desk import IssueDesk
from warning.issue.hand import HandMade
from warning.level import Level
from warning.nationalxml import write as write_national
from warning.watch.eventcode import load_event_codes


def forged(folder: Path, found: cap.Alert) -> bytes:
    return signed(folder, found).replace("三小时".encode(), "九小时".encode())


async def fates(corridor: Corridor) -> list[tuple[str, str]]:
    return [(row["fate"], row["standing"]) for row in await corridor.rows("SELECT fate, standing FROM intake ORDER BY at")]


async def issued(corridor: Corridor) -> list[tuple[str, int]]:
    """(kind, level) of everything that went out, oldest first."""
    return [(row["msg_type"], row["level"]) for row in await corridor.rows("SELECT msg_type, level FROM alert ORDER BY real_at")]


async def national(http: httpx.AsyncClient, document: bytes) -> list[Ack]:
    return read_ack((await http.post("/api/intake/national", content=document, headers=TOKEN)).content)


async def test_a_document_pushed_five_times_at_once_goes_out_once_and_every_answer_says_so(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        document = signed(tmp_path, alert())
        answers = await asyncio.gather(*(push(http, document) for _ in range(5)))
        assert sorted(str(one["fate"]) for one in answers) == ["known"] * 4 + ["redistributed"]
        assert {(one["earlier"], one["alert"]) for one in answers if one["fate"] == "known"} == {
            ("redistributed", next(one["alert"] for one in answers if one["fate"] == "redistributed"))}
        assert await issued(corridor) == [("Alert", 3)]
        assert len(await corridor.rows("SELECT 1 FROM proposal")) == len(await corridor.rows("SELECT 1 FROM intake")) == 1


async def test_a_forged_copy_that_comes_first_keeps_nothing_from_the_true_one(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        copy = forged(tmp_path, alert())
        for _ in range(3):
            assert (await push(http, copy))["fate"] == "refused"  # never "known": it says what really happened
        assert (await push(http, signed(tmp_path, alert())))["fate"] == "redistributed"
        assert (await push(http, copy))["fate"] == "refused"
        assert await fates(corridor) == [("refused", "broken"), ("redistributed", "valid")]
        [row] = await corridor.rows("SELECT times FROM intake WHERE fate = 'refused'")
        assert row["times"] == 4  # one row, however often it comes


async def test_the_platform_is_told_1_of_what_was_refused_as_often_as_it_sends_it(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path) as (corridor, http):
        stranger = write_national(alert(sender="32000041600000"), first="")
        for _ in range(2):
            assert [(ack.status, ack.error_code) for ack in await national(http, stranger)] == [(1, "refused")]
        one = write_national(alert(), first="")
        assert [(ack.status, ack.note) for ack in await national(http, one)] == [(0, "")]
        assert [(ack.status, ack.note) for ack in await national(http, one)] == [(0, "taken before, held")]
        # The same name over other words is no copy, in this form as in CAP.
        other = one.replace("三小时".encode(), "九小时".encode())
        [ack] = await national(http, other)
        assert (ack.status, ack.error_code) == (1, "refused")
        assert "taken with other words" in ack.note
        # A kept one is told as often as it comes, and is decided anew.
        lonely = write_national(alert(4, msg_type="Cancel", after=3), first=alert(3).identifier)
        for _ in range(2):
            assert [(ack.status, ack.error_code) for ack in await national(http, lonely)] == [(1, "kept")]
        assert await fates(corridor) == [("refused", "unsigned"), ("held", "unsigned"), ("refused", "unsigned"), ("kept", "unsigned")]


async def test_a_zip_without_xml_a_file_that_cannot_be_read_and_a_name_without_end_are_answered_in_words(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path) as (_, http):
        assert [(ack.status, ack.note) for ack in await national(http, zipped("a.doc", b"x"))] == [(2, "the zip holds no XML file")]
        broken = zipped("33000041600000_20240920000001_11B03_ORANGE_ALERT.xml", b"<alert>")
        assert [(ack.identifier, ack.status) for ack in await national(http, broken)] == [("33000041600000_20240920000001", 2)]
        answer = await http.post("/api/intake/cap", content=write(replace(alert(), identifier="x" * 201)), headers=TOKEN)
        assert (answer.status_code, answer.json()["detail"]) == (422, "document: identifier or sender has more than 200 characters: it names nothing")


async def test_a_signed_copy_takes_the_place_of_an_unsigned_one_that_waits_but_not_of_one_that_our_people_issued(
    database_url: str, tmp_path: Path
) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        changed = replace(alert(), infos=(replace(alert().infos[0], severity="Extreme"),))  # somebody on the way made it red, and took the signature off
        assert (await push(http, write(changed)))["fate"] == "held"
        assert (await push(http, signed(tmp_path, alert())))["fate"] == "redistributed"
        assert [(row["status"], row["level"]) for row in await corridor.rows("SELECT status, level FROM proposal ORDER BY level")] == [
            ("issued", 3), ("superseded", 4)]
        # And the other way round: what has no signature changes nothing of what had one.
        assert "was taken with other words" in str((await push(http, write(changed)))["why"])
        assert (await push(http, write(alert(2))))["fate"] == "held"
        [waiting] = await corridor.rows("SELECT id FROM proposal WHERE status = 'submitted'")
        await corridor.parts.issue.approve(waiting["id"], account=APPROVER, revision=2)
        again = await push(http, signed(tmp_path, alert(2)))
        assert (again["fate"], again["earlier"]) == ("known", "held")
        assert [kind for kind, _ in await issued(corridor)].count("Alert") == 2


async def test_a_signed_copy_that_says_something_else_than_what_our_people_issued_is_told_to_them_once(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        changed = replace(alert(), infos=(replace(alert().infos[0], severity="Moderate"),))  # made weaker on the way, without its signature
        await push(http, write(changed))
        [waiting] = await corridor.rows("SELECT id FROM proposal WHERE status = 'submitted'")
        out = await corridor.parts.issue.approve(waiting["id"], account=APPROVER, revision=2)
        assert await corridor.rows(TOLD) == []
        assert (await push(http, signed(tmp_path, alert())))["fate"] == "refused"
        assert [row["text"] for row in await corridor.rows(TOLD)] == [
            f"【演练】zhejiang: the signed copy of {alert().identifier} says something else than the one without a signature for which {out} went out"]
        assert (await push(http, write(replace(alert(), note="another word, not signed"))))["fate"] == "refused"
        await corridor.parts.polling.look()
        assert len(await corridor.rows(TOLD)) == 1  # nobody has done anything about it yet
        await corridor.warned(level=Level.ORANGE, action="update", replaces=out)
        await corridor.parts.polling.look()
        assert await corridor.rows(TOLD) == []
        assert (await push(http, signed(tmp_path, alert())))["fate"] == "refused"  # every look at the feed brings it again
        assert await corridor.rows(TOLD) == []


TOLD = "SELECT text FROM notice WHERE key LIKE 'intake differs %' AND cleared_at IS NULL"

T = TypeVar("T")


class Dying(IssueDesk):
    """An issue desk in a process that is killed before or after one of its acts."""

    def __init__(self, desk: IssueDesk, act: str, *, after: bool) -> None:
        self.__dict__ = desk.__dict__
        self._dies, self._after = act, after

    async def compose(self, hand: HandMade, *, account: Account, proposal_id: UUID | None = None) -> UUID:
        return await self._act("compose", super().compose(hand, account=account, proposal_id=proposal_id))

    async def submit(self, proposal_id: UUID, *, account: Account, revision: int, changes: Mapping[str, object]) -> None:
        await self._act("submit", super().submit(proposal_id, account=account, revision=revision, changes=changes))

    async def approve(self, proposal_id: UUID, *, account: Account, revision: int, status: str | None = None) -> str:
        return await self._act("approve", super().approve(proposal_id, account=account, revision=revision, status=status))

    async def _act(self, act: str, done: Coroutine[None, None, T]) -> T:
        if act == self._dies and not self._after:
            done.close()
            raise Killed
        found = await done
        if act == self._dies:
            raise Killed
        return found


class Killed(BaseException):
    """The power is cut."""


async def test_a_process_that_dies_in_the_middle_leaves_what_the_next_look_carries_on_once(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        parts = corridor.parts
        [partner] = parts.intake.partners
        cuts = (("compose", False), ("compose", True), ("submit", True), ("approve", False), ("approve", True))
        for number, (act, after) in enumerate(cuts, 1):
            document = signed(tmp_path, alert(number))
            dying = IntakeDesk(
                parts.intake_ledger, parts.intake_ledger, Dying(parts.issue, act, after=after), clock=parts.clock, zones=parts.zones,
                codes=load_event_codes(), partners=[partner], status="Exercise")
            with pytest.raises(Killed):
                await dying.take(document, partner, how="push")
            assert (await fates(corridor))[-1][0] == "taking"
            assert await parts.intake.resume() == 0  # its lease still runs: it may be slow, not dead
            await corridor.execute("UPDATE intake SET claimed_at = claimed_at - interval '61 seconds' WHERE fate = 'taking'")
            taken = await push(http, document)  # as the partner does that got no answer
            assert (taken["fate"], taken["earlier"]) == ("known", "redistributed"), (act, after)
        assert len(await corridor.rows("SELECT 1 FROM intake")) == len(cuts)
        # Each was issued once, and took over the zone of the one before, whose end follows from the same signature.
        assert [kind for kind, _ in await issued(corridor)].count("Alert") == len(cuts)
        assert len(await corridor.rows("SELECT 1 FROM proposal WHERE action = 'new'")) == len(cuts)


async def test_an_end_that_comes_before_its_start_and_a_version_that_comes_late_warn_nobody(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        assert (await push(http, signed(tmp_path, alert(2, msg_type="Cancel", after=1))))["fate"] == "kept"
        late = await push(http, signed(tmp_path, alert(1)))
        assert (late["fate"], late["why"]) == ("kept", f"{alert(2).identifier} of the same sender came before it and takes its place")
        # Every version names the first, as the platform's do: of two Updates the one that was sent later counts, whichever comes first.
        assert (await push(http, signed(tmp_path, alert(3))))["fate"] == "redistributed"
        assert (await push(http, signed(tmp_path, alert(5, msg_type="Update", after=3))))["fate"] == "redistributed"
        assert (await push(http, signed(tmp_path, alert(4, msg_type="Update", after=3))))["fate"] == "kept"
        assert [kind for kind, _ in await issued(corridor)] == ["Alert", "Update"]


async def test_what_still_waits_is_withdrawn_by_the_partners_own_later_word(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path) as (corridor, http):
        assert (await push(http, write(alert(1))))["fate"] == "held"
        assert (await push(http, write(alert(2, msg_type="Update", after=1))))["fate"] == "held"
        assert [(row["status"], row["action"]) for row in await corridor.rows("SELECT status, action FROM proposal ORDER BY created_at, status DESC")] == [
            ("superseded", "new"), ("submitted", "new")]
        # As the platform names it, which is by its identifier alone.
        bare = re.sub(rb"(<references>)[^,]*,([^,]*),[^<]*", rb"\1\2", write(alert(3, msg_type="Cancel", after=1)))
        ended = await push(http, bare)
        assert ended["repairs"] == [f"alert: reference {alert(1).identifier!r} says neither sender nor time: read as one of 33000041600000"]
        assert (ended["fate"], ended["why"]) == ("kept", "what this Cancel follows still waited here, and was withdrawn")
        assert await corridor.rows("SELECT 1 FROM proposal WHERE status IN ('open', 'submitted')") == []


async def test_a_cancel_without_an_info_ends_what_it_names_and_one_that_is_not_signed_is_looked_at(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        await push(http, signed(tmp_path, alert(1)))
        bare = replace(alert(2, msg_type="Cancel", after=1), infos=())  # all that CAP asks of it
        assert (await push(http, write(bare)))["fate"] == "held"
        assert (await push(http, signed(tmp_path, bare)))["fate"] == "redistributed"
        assert await issued(corridor) == [("Alert", 3), ("Cancel", 3)]
        again = await push(http, signed(tmp_path, alert(3, msg_type="Cancel", after=1)))
        assert (again["fate"], again["why"]) == ("kept", "references: what this Cancel follows has ended here already")


async def test_an_update_of_what_we_never_had_or_what_has_ended_is_a_new_warning(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        joins = await push(http, signed(tmp_path, alert(2, msg_type="Update", after=1, hours=1)))
        assert (joins["fate"], joins["repairs"]) == ("redistributed", ["what it follows never went out from here: passed on as a new warning"])
        await corridor.move(timedelta(hours=2))
        longer = replace(alert(3, msg_type="Update", after=2, hours=6), sent=AT + timedelta(hours=2))
        late = await push(http, signed(tmp_path, longer))
        assert (late["fate"], late["repairs"]) == ("redistributed", ["what it follows has ended here: passed on as a new warning"])
        assert [kind for kind, _ in await issued(corridor)] == ["Alert", "Alert"]


async def test_several_warnings_of_one_message_go_out_each_and_end_together(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True, area="31") as (corridor, http):
        def info(severity: cap.Severity, code: str) -> cap.Info:
            return replace(alert().infos[0], severity=severity, areas=(cap.Area(area_desc=code, geocodes=(cap.NamedValue(name=cap.GBT2260, value=code),)),))

        both = replace(alert(1), infos=(info("Moderate", "310120"), info("Severe", "310115")))
        taken = await push(http, signed(tmp_path, both))
        assert taken["fate"] == "redistributed"
        assert [(row["level"], row["zones"]) for row in await corridor.rows("SELECT level, zones FROM alert ORDER BY level")] == [(2, ["310120"]), (3, ["310115"])]
        # One of them goes on, the other is not named any more.
        rest = replace(alert(2, msg_type="Update", after=1), infos=(info("Extreme", "310115"),))
        assert (await push(http, signed(tmp_path, rest)))["fate"] == "redistributed"
        assert sorted(await issued(corridor)) == [("Alert", 2), ("Alert", 3), ("Cancel", 2), ("Update", 4)]
        assert (await push(http, signed(tmp_path, alert(3, msg_type="Cancel", after=1))))["fate"] == "redistributed"
        assert sorted(await issued(corridor)) == [("Alert", 2), ("Alert", 3), ("Cancel", 2), ("Cancel", 4), ("Update", 4)]


async def test_a_clock_that_is_ahead_a_scope_that_is_not_public_and_a_replay_never_go_out_by_themselves(database_url: str, tmp_path: Path) -> None:
    async with joined(database_url, tmp_path, agreed=True) as (corridor, http):
        ahead = await push(http, signed(tmp_path, replace(alert(1), sent=AT + timedelta(minutes=11))))
        assert (ahead["fate"], ahead["why"]) == ("held", "it was sent at 2024-09-19T16:11:00+00:00, which is to come: a clock is wrong")
        closed = await push(http, signed(tmp_path, replace(alert(2), scope="Restricted", restriction="fire brigades")))
        assert (closed["fate"], closed["why"]) == ("kept", "scope Restricted is not for the public")
        assert await issued(corridor) == []
        # And what is replayed long after is what it was, be it that it went out or that we never had it.
        document = signed(tmp_path, alert(3))
        await push(http, document)
        await corridor.move(timedelta(days=28))  # inside the certificate's time; after it, the signature no longer counts
        assert (await push(http, document))["earlier"] == "redistributed"
        assert "expires: it was over at" in str((await push(http, signed(tmp_path, alert(4))))["why"])
        assert await issued(corridor) == [("Alert", 3)]
