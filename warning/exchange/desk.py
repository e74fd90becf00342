"""The intake desk: a partner's document comes in, is verified and understood, and is held, passed on, kept or refused; nothing is lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from geo.zone import ZoneSet
from warning import cap
from warning.account import Account
from warning.capxml import read as read_cap
from warning.clock import Clock
from warning.errors import CapError, Conflict, Invalid, NotAllowed, NotFound
from warning.exchange.plan import Plan, Step, lifted, warned
from warning.exchange.understand import all_clear, understand, words_of
from warning.exchange.work import Arrival, Begun, Claimed, Fate, Followed, Form, How, Partner, Taken
from warning.issue.hand import HandMade
from warning.nationalxml import read as read_national
from warning.signature import Standing, Verdict, verify
from warning.watch.eventcode import EventCode

log = structlog.get_logger()

AHEAD = timedelta(minutes=10)
"""A message that was sent this far in the future comes from a clock that is wrong: a person looks at it first."""
MOST_NAME, MOST_REFERENCES = 200, 500
"""Characters of a sender or identifier (the platform's have 31), and messages that one may refer to."""
_WAITS_S, _LOOKS_S = 10.0, 0.05
"""How long a copy waits for the answer of the one that came a moment before, and how often it looks."""


def require_insider(account: Account) -> None:
    """What has come in may be forged, refused or still waiting: the desk reads it, and an office what went out. Raises NotAllowed."""
    if account.role == "office":
        raise NotAllowed("an office reads what went out, not what partners have sent: see /office and /api/alerts")


class IntakeLedger(Protocol):
    async def claim(self, arrival: Arrival) -> UUID | Claimed: ...

    async def began(self, claim: UUID, proposal: UUID) -> None: ...

    async def settle(self, claim: UUID, taken: Taken, *, arrival: Arrival) -> None: ...

    async def refuse(self, arrival: Arrival, taken: Taken, *, issued: Sequence[str] = ()) -> None: ...

    async def answered(self) -> None: ...

    async def orphan(self) -> Claimed | None: ...


class IntakeRecord(Protocol):
    """What came before, and what became of it."""

    async def follows(self, arrival: Arrival) -> Followed: ...

    async def overtaken(self, arrival: Arrival) -> str: ...

    async def begun(self, proposal: UUID) -> Begun | None: ...


class Issuing(Protocol):
    """The issue desk's verbs: an alert of a partner takes the same way as every other, past the same predicate."""

    async def compose(self, hand: HandMade, *, account: Account, proposal_id: UUID | None = ...) -> UUID: ...

    async def submit(self, proposal_id: UUID, *, account: Account, revision: int, changes: dict[str, object]) -> None: ...

    async def approve(self, proposal_id: UUID, *, account: Account, revision: int) -> str: ...

    async def withdraw(self, proposal_id: UUID, *, account: Account, reason: str) -> None: ...


class IntakeDesk:
    """``take`` is idempotent: a message is claimed in the ledger before anything follows from it, and a copy of what is claimed is KNOWN."""

    def __init__(
        self, ledger: IntakeLedger, record: IntakeRecord, issue: Issuing, *, clock: Clock, zones: ZoneSet, codes: Sequence[EventCode],
        partners: Sequence[Partner], status: cap.Status,
    ) -> None:
        self._ledger = ledger
        self._record = record
        self._issue = issue
        self._clock = clock
        self._zones = zones
        self._codes = codes
        self._partners = partners
        self._status = status

    def partner(self, token_hash: str) -> Partner | None:
        """Who pushes with this token."""
        return next((one for one in self._partners if one.token_hash and one.token_hash == token_hash), None)

    @property
    def partners(self) -> Sequence[Partner]:
        return self._partners

    @property
    def polled(self) -> list[Partner]:
        return [one for one in self._partners if one.url]

    async def take(self, document: bytes, partner: Partner, *, how: How, national: bool = False) -> Taken:
        """One document to its end. Raises CapError for what cannot be read at all; every other fault is the answer's ``why``, and on record.

        What is refused claims nothing, so that a forged copy never stands before the true one. A validly signed copy takes the place of one
        without a signature that still waits.
        """
        form: Form = "national" if national else "cap"
        alert, verdict, repairs = self._read(document, partner, form)
        arrival = Arrival(
            partner=partner.name, how=how, form=form, sender=alert.sender, identifier=alert.identifier, sent=alert.sent, msg_type=alert.msg_type,
            status=alert.status, document=document, standing=verdict.standing,
            references=tuple(one.identifier for one in alert.references if one.sender == alert.sender and len(one.identifier) <= MOST_NAME)[:MOST_REFERENCES])
        against = _against(alert, partner, verdict)
        if against:
            return await self._refused(arrival, against, repairs)
        for _ in range(int(_WAITS_S / _LOOKS_S)):
            found = await self._ledger.claim(arrival)
            if isinstance(found, UUID):
                return await self._carried(found, arrival, alert, partner, repairs)
            if found.fate is Fate.TAKING:
                await asyncio.sleep(0 if await self.resume() else _LOOKS_S)
            elif not await self._displaced(found, arrival, alert, partner):
                return await self._again(found, arrival, alert, partner, repairs)
        return Taken(identifier=alert.identifier, fate=Fate.TAKING, why="a copy of it is being taken at this moment: send it again for the answer",
                     standing=verdict.standing)

    async def resume(self) -> int:
        """Take up what a process left half done when it died, or could not write down. Returns how many."""
        count = 0
        while (found := await self._ledger.orphan()) is not None:
            count += 1
            try:
                await self._taken_up(found)
            except Exception as error:
                log.exception("a partner's document could not be carried to its end", partner=found.arrival.partner, identifier=found.arrival.identifier)
                await self._ledger.settle(found.id, Taken(
                    identifier=found.arrival.identifier, fate=Fate.KEPT, why=f"it failed here: {type(error).__name__}", standing=found.arrival.standing,
                    proposals=found.proposals), arrival=found.arrival)
        await self._ledger.answered()
        return count

    def _read(self, document: bytes, partner: Partner, form: Form) -> tuple[cap.Alert, Verdict, tuple[str, ...]]:
        if form == "national":
            alert, repairs = read_national(document), ()
            verdict = Verdict(standing=Standing.UNSIGNED, why="the national form has no signature of its own")
        else:
            verdict = verify(document, partner.certificates, at=self._clock.now())
            # Of a signed document only what was signed is read: bytes around it may say something else.
            result = read_cap(verdict.document if verdict.document is not None else document)
            alert, repairs = result.alert, (*result.repairs, *([verdict.repair] if verdict.repair else ()))
        if max(len(alert.identifier), len(alert.sender)) > MOST_NAME:
            raise CapError(f"identifier or sender has more than {MOST_NAME} characters: it names nothing")
        return alert, verdict, repairs

    async def _refused(self, arrival: Arrival, why: str, repairs: tuple[str, ...], *, issued: Sequence[str] = ()) -> Taken:
        """``issued``: what went out for an unsigned copy with other words, of which our people are told."""
        taken = Taken(identifier=arrival.identifier, fate=Fate.REFUSED, why=why, standing=arrival.standing, repairs=repairs)
        await self._ledger.refuse(arrival, taken, issued=issued)
        return taken

    async def _again(self, found: Claimed, arrival: Arrival, alert: cap.Alert, partner: Partner, repairs: tuple[str, ...]) -> Taken:
        """A copy of what is claimed; but the same name over other words is no copy, and is told so."""
        if not self._same(found, arrival, alert, partner):
            truer = arrival.standing is Standing.VALID and found.arrival.standing is not Standing.VALID
            return await self._refused(
                arrival, "identifier: a message of this sender, identifier and time was taken with other words: send it under a new identifier", repairs,
                issued=found.alerts if truer else ())
        return Taken(
            identifier=arrival.identifier, fate=Fate.KNOWN, why=f"taken before, {found.fate}" + (f": {found.why}" if found.why else ""), earlier=found.fate,
            standing=arrival.standing, proposals=found.proposals, alerts=found.alerts)

    def _same(self, found: Claimed, arrival: Arrival, alert: cap.Alert, partner: Partner) -> bool:
        """Whether both say the same, be it indented, signed or wrapped in another way; the national form has fewer words and is not compared with CAP."""
        earlier = found.arrival
        return earlier.form != arrival.form or earlier.document == arrival.document or self._read(earlier.document, partner, earlier.form)[0] == alert

    async def _displaced(self, found: Claimed, arrival: Arrival, alert: cap.Alert, partner: Partner) -> bool:
        """Whether the unsigned copy that came first has made room for this signed one. What our people have issued, or said no to, stays as it is."""
        if found.fate is not Fate.HELD or arrival.standing is not Standing.VALID or found.arrival.standing is Standing.VALID:
            return False
        begun = [await self._record.begun(one) for one in found.proposals]
        if any(one is not None and one.status == "dismissed" for one in begun) and self._same(found, arrival, alert, partner):
            return False
        if not await self._withdrawn(found.proposals, partner, f"the signed copy of {arrival.identifier} has come"):
            return False
        await self._ledger.settle(found.id, Taken(
            identifier=arrival.identifier, fate=Fate.KEPT, why="the signed copy of it counts", standing=found.arrival.standing,
            proposals=found.proposals), arrival=found.arrival)
        return True

    async def _withdrawn(self, proposals: Sequence[UUID], partner: Partner, reason: str) -> bool:
        """Take back what waits. False when our people have issued any of it."""
        for proposal in proposals:
            begun = await self._record.begun(proposal)
            if begun is not None and begun.status in ("open", "submitted"):
                try:
                    await self._issue.withdraw(proposal, account=_bringer(partner), reason=reason)
                except Conflict:
                    begun = await self._record.begun(proposal)
            if begun is not None and begun.alert:
                return False
        return True

    async def _taken_up(self, found: Claimed) -> None:
        """What was left half done is carried on, as it came."""
        partner = next((one for one in self._partners if one.name == found.arrival.partner), None)
        if partner is None:
            await self._ledger.settle(found.id, Taken(
                identifier=found.arrival.identifier, fate=Fate.KEPT, why="its partner is no longer in the settings", standing=found.arrival.standing,
                proposals=found.proposals), arrival=found.arrival)
            return
        alert, _, repairs = self._read(found.arrival.document, partner, found.arrival.form)
        await self._carried(found.id, found.arrival, alert, partner, repairs, before=found.proposals)

    async def _carried(
        self, claim: UUID, arrival: Arrival, alert: cap.Alert, partner: Partner, repairs: tuple[str, ...], *, before: Sequence[UUID] = (),
    ) -> Taken:
        """From the claim to its end, which is written down. ``before``: the proposals that an earlier try began."""
        taken = replace(await self._decided(claim, arrival, alert, partner, repairs, before), standing=arrival.standing)
        await self._ledger.settle(claim, taken, arrival=arrival)
        return taken

    async def _decided(
        self, claim: UUID, arrival: Arrival, alert: cap.Alert, partner: Partner, repairs: tuple[str, ...], before: Sequence[UUID],
    ) -> Taken:
        kept = Taken(identifier=alert.identifier, fate=Fate.KEPT, repairs=repairs)
        quiet = _quiet(alert, self._status)
        if quiet:
            return replace(kept, why=quiet)
        overtaken = await self._record.overtaken(arrival)
        if overtaken and not before:
            return replace(kept, why=f"{overtaken} of the same sender came before it and takes its place")
        followed = await self._record.follows(arrival) if arrival.references else Followed()
        doubts = [f"it was sent at {alert.sent.isoformat()}, which is to come: a clock is wrong"] if alert.sent > self._clock.now() + AHEAD else []
        ends = alert.msg_type == "Cancel" or (alert.msg_type == "Update" and all_clear(alert))
        try:
            plan, told, unsure = self._planned(alert, partner, followed, ends=ends)
        except Invalid as error:
            return replace(kept, why=str(error))
        waiting = [one for one, standing in followed.waiting.items() if arrival.standing is Standing.VALID or standing is not Standing.VALID]
        if not await self._withdrawn(waiting, partner, f"{partner.name} has sent the {alert.msg_type} {alert.identifier}"):
            return await self._decided(claim, arrival, alert, partner, repairs, before)  # signed at this moment: it is in force now
        repairs = (*repairs, *told)
        if not plan.steps and not before:
            return replace(kept, why=_nothing(alert, followed, withdrawn=len(waiting)), repairs=repairs)
        doubts += [*unsure, *([] if arrival.standing is Standing.VALID else ["it is not signed, so our own people look at it first"])]
        return await self._passed_on(claim, plan, alert, partner, kept=replace(kept, repairs=repairs), doubts=doubts, before=before)

    def _planned(self, alert: cap.Alert, partner: Partner, followed: Followed, *, ends: bool) -> tuple[Plan, tuple[str, ...], tuple[str, ...]]:
        """What follows from it, what was mended to see that, and why a person should look. Raises Invalid."""
        now = self._clock.now()
        if ends:
            told = () if alert.msg_type == "Cancel" else ("an Update that says AllClear is read as a Cancel",)
            return lifted(followed.events, words_of(alert.infos, called=partner.called), now=now), told, ()
        meant = understand(alert, zones=self._zones, codes=self._codes, area=partner.area, called=partner.called, now=now)
        plan = warned(meant, followed.events, follows=alert.msg_type == "Update", now=now)
        return plan, (*meant.repairs, *plan.told), meant.doubts

    async def _passed_on(
        self, claim: UUID, plan: Plan, alert: cap.Alert, partner: Partner, *, kept: Taken, doubts: Sequence[str], before: Sequence[UUID],
    ) -> Taken:
        """As proposals for our two people, or out at once under an agreement that two people made, when it is signed and leaves no doubt."""
        agreed = sorted(set(partner.agreed_by))
        signer = None if len(agreed) < 2 or doubts else Account(
            name=f"agreement of {' and '.join(agreed)}", role="approver", area=partner.area, scripted=True)
        proposals = [one for one in before if await self._record.begun(one) is not None]
        alerts: list[str] = []
        faults: list[str] = []
        for step in plan.steps:
            proposal = step.proposal(claim)
            if proposal not in proposals:
                await self._ledger.began(claim, proposal)
                try:
                    await self._issue.compose(_hand(step, alert, partner), account=_bringer(partner), proposal_id=proposal)
                except (Invalid, NotAllowed, NotFound, Conflict) as error:
                    faults.append(str(error))
                    continue
                proposals.append(proposal)
        for proposal in proposals:
            try:
                alerts += await self._brought(proposal, partner, signer)
            except (Invalid, NotAllowed, NotFound, Conflict, CapError) as error:
                faults.append(str(error))
        if not proposals:
            return replace(kept, why="; ".join(faults))
        out = len(alerts) == len(proposals)
        reasons = dict.fromkeys([*(doubts if len(agreed) >= 2 and not out else ()), *faults])
        return replace(kept, fate=Fate.REDISTRIBUTED if out else Fate.HELD, why="; ".join(reasons), proposals=tuple(proposals), alerts=tuple(alerts))

    async def _brought(self, proposal: UUID, partner: Partner, signer: Account | None) -> list[str]:
        """A proposal as far as it may go by itself, from wherever it stands; what went out for it."""
        begun = await self._record.begun(proposal)
        if begun is not None and begun.status == "open" and begun.revision == 1:
            await self._issue.submit(proposal, account=_bringer(partner), revision=1, changes={})
            begun = await self._record.begun(proposal)
        if begun is None or begun.status != "submitted" or signer is None:
            return [begun.alert] if begun is not None and begun.alert else []
        return [await self._issue.approve(proposal, account=signer, revision=begun.revision)]


def _against(alert: cap.Alert, partner: Partner, verdict: Verdict) -> str:
    """Why this is not the word of somebody for whom the partner speaks; empty when it is."""
    if alert.sender not in partner.senders:
        return f"sender: {partner.name} may not speak for {alert.sender}"
    if verdict.standing in (Standing.BROKEN, Standing.UNTRUSTED, Standing.EXPIRED):
        return f"signature: {verdict.standing}: {verdict.why}"
    return ""


def _quiet(alert: cap.Alert, ours: cap.Status) -> str:
    """Why it is kept and warns nobody; empty when it may."""
    if alert.msg_type not in ("Alert", "Update", "Cancel"):
        return f"msgType {alert.msg_type} warns nobody"
    if alert.scope != "Public":
        return f"scope {alert.scope} is not for the public"
    if alert.status not in ("Actual", "Exercise", "Test"):
        return f"status {alert.status} warns nobody"
    if alert.status == "Actual" != ours:
        return "a real alert reached a drill: it is kept, and goes nowhere"
    return ""


def _nothing(alert: cap.Alert, followed: Followed, *, withdrawn: int) -> str:
    if withdrawn:
        return f"what this {alert.msg_type} follows still waited here, and was withdrawn"
    if followed.waiting:
        return f"references: what this {alert.msg_type} follows waits here signed, and this is not signed: ask the partner"
    return f"references: what this {alert.msg_type} follows " + ("has ended here already" if followed.events else "never went out from here")


def _bringer(partner: Partner) -> Account:
    return Account(name=f"partner {partner.name}", role="forecaster", area=partner.area, scripted=True)


def _hand(step: Step, alert: cap.Alert, partner: Partner) -> HandMade:
    return HandMade(
        issuer=partner.issuer, hazard="", event_code=step.event_code, level=step.level, zones=step.zones, onset=step.onset, expires=step.expires,
        action=step.action, texts=step.texts, replaces=step.replaces or None, status=alert.status if alert.status in ("Actual", "Exercise", "Test") else None,
        note=f"{partner.name}: {alert.identifier}")
