"""The intake desk: a partner's document comes in, is verified and understood, and is held, passed on, kept or refused; nothing is lost."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from geo.zone import ZoneSet
from warning import cap
from warning.account import Account
from warning.capxml import read as read_cap
from warning.clock import Clock
from warning.errors import CapError, Conflict, Invalid, NotAllowed, NotFound
from warning.exchange.understand import ACTIONS, Understood, understand
from warning.exchange.work import Arrival, Fate, How, Partner, Taken
from warning.issue.hand import HandMade
from warning.nationalxml import read as read_national
from warning.signature import Standing, Verdict, verify
from warning.watch.eventcode import EventCode


class IntakeLedger(Protocol):
    async def known(self, sender: str, identifier: str, sent: str) -> Taken | None: ...

    async def record(self, arrival: Arrival) -> bool: ...

    async def follows(self, sender: str, references: Sequence[str]) -> str: ...


class Issuing(Protocol):
    """The issue desk's verbs: an alert of a partner takes the same way as every other, past the same predicate."""

    async def compose(self, hand: HandMade, *, account: Account) -> UUID: ...

    async def submit(self, proposal_id: UUID, *, account: Account, revision: int, changes: dict[str, object]) -> None: ...

    async def approve(self, proposal_id: UUID, *, account: Account, revision: int) -> str: ...


class IntakeDesk:
    """``take`` is idempotent: the same document again is KNOWN and changes nothing."""

    def __init__(
        self, ledger: IntakeLedger, issue: Issuing, *, clock: Clock, zones: ZoneSet, codes: Sequence[EventCode], partners: Sequence[Partner],
        status: cap.Status,
    ) -> None:
        self._ledger = ledger
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
    def polled(self) -> list[Partner]:
        return [one for one in self._partners if one.url]

    async def take(self, document: bytes, partner: Partner, *, how: How, national: bool = False) -> Taken:
        """One document to its end. Raises CapError for what cannot be read at all; every other fault is the answer's ``why``, and on record."""
        now = self._clock.now()
        if national:
            alert, repairs, verdict = read_national(document), (), Verdict(standing=Standing.UNSIGNED, why="the national form has no signature of its own")
        else:
            verdict = verify(document, partner.certificates, at=now)
            # Of a signed document only what was signed is read: bytes around it may say something else.
            result = read_cap(verdict.document if verdict.document is not None else document)
            alert, repairs = result.alert, (*result.repairs, *([verdict.repair] if verdict.repair else ()))
        earlier = await self._ledger.known(alert.sender, alert.identifier, alert.sent.isoformat())
        if earlier is not None:
            return Taken(identifier=alert.identifier, fate=Fate.KNOWN, why=f"taken before, {earlier.fate}", standing=verdict.standing,
                         proposal=earlier.proposal, alert=earlier.alert)
        taken = await self._decided(alert, partner, verdict, repairs)
        fresh = await self._ledger.record(Arrival(
            partner=partner.name, how=how, sender=alert.sender, identifier=alert.identifier, sent=alert.sent, msg_type=alert.msg_type,
            document=document.decode("utf-8", "replace"), taken=taken, references=tuple(one.identifier for one in alert.references)))
        return taken if fresh else Taken(identifier=alert.identifier, fate=Fate.KNOWN, why="taken a moment ago")

    async def _decided(self, alert: cap.Alert, partner: Partner, verdict: Verdict, repairs: Sequence[str]) -> Taken:
        def ended(fate: Fate, why: str, more: Sequence[str] = ()) -> Taken:
            return Taken(identifier=alert.identifier, fate=fate, why=why, standing=verdict.standing, repairs=(*repairs, *more))

        if alert.sender not in partner.senders:
            return ended(Fate.REFUSED, f"sender: {partner.name} may not speak for {alert.sender}")
        if verdict.standing in (Standing.BROKEN, Standing.UNTRUSTED, Standing.EXPIRED):
            return ended(Fate.REFUSED, f"signature: {verdict.standing}: {verdict.why}")
        if alert.msg_type not in ACTIONS:
            return ended(Fate.KEPT, f"msgType {alert.msg_type} warns nobody")
        if alert.status not in ("Actual", "Exercise", "Test"):
            return ended(Fate.KEPT, f"status {alert.status} warns nobody")
        if alert.status == "Actual" != self._status:
            return ended(Fate.KEPT, "a real alert reached a drill: it is kept, and goes nowhere")
        try:
            meant = understand(alert, zones=self._zones, codes=self._codes, area=partner.area, now=self._clock.now())
        except Invalid as error:
            return ended(Fate.KEPT, str(error))
        return await self._passed_on(alert, partner, verdict, meant, tuple(repairs))

    async def _passed_on(
        self, alert: cap.Alert, partner: Partner, verdict: Verdict, meant: Understood, repairs: tuple[str, ...]
    ) -> Taken:
        """As a proposal for our two people, or out at once under an agreement that two people made, when it is signed."""
        action = ACTIONS[alert.msg_type]
        told = (*repairs, *meant.repairs)
        replaces = await self._ledger.follows(alert.sender, [one.identifier for one in alert.references]) if action != "new" else ""
        if action != "new" and not replaces:
            return Taken(identifier=alert.identifier, fate=Fate.KEPT, why=f"references: what this {alert.msg_type} follows never went out from here",
                         standing=verdict.standing, repairs=told)
        bringer = Account(name=f"partner {partner.name}", role="forecaster", area=partner.area, scripted=True)
        hand = HandMade(
            issuer=partner.issuer, hazard="", event_code=meant.event_code, level=meant.level, zones=meant.zones, onset=meant.onset,
            expires=meant.expires, action=action, polygon=meant.polygon, texts=meant.texts, replaces=replaces or None, status=_status(alert.status),
            note=f"{partner.name}: {alert.identifier}")
        try:
            proposal = await self._issue.compose(hand, account=bringer)
            await self._issue.submit(proposal, account=bringer, revision=1, changes={})
        except (Invalid, NotAllowed, NotFound, Conflict) as error:
            return Taken(identifier=alert.identifier, fate=Fate.KEPT, why=str(error), standing=verdict.standing, repairs=told)
        agreed = sorted(set(partner.agreed_by))
        if len(agreed) < 2 or verdict.standing is not Standing.VALID:
            why = "" if len(agreed) < 2 else "it is not signed, so our own people look at it first"
            return Taken(identifier=alert.identifier, fate=Fate.HELD, why=why, standing=verdict.standing, repairs=told, proposal=proposal)
        signer = Account(name=f"agreement of {' and '.join(agreed)}", role="approver", area=partner.area, scripted=True)
        try:
            identifier = await self._issue.approve(proposal, account=signer, revision=2)
        except (Invalid, NotAllowed, Conflict, CapError) as error:
            return Taken(identifier=alert.identifier, fate=Fate.HELD, why=str(error), standing=verdict.standing, repairs=told, proposal=proposal)
        return Taken(identifier=alert.identifier, fate=Fate.REDISTRIBUTED, standing=verdict.standing, repairs=told, proposal=proposal, alert=identifier)


def _status(word: str) -> cap.Status:
    match word:
        case "Actual" | "Exercise" | "Test":
            return word
    raise Invalid(f"status: {word!r} warns nobody")
