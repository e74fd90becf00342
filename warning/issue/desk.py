"""The issue desk: a forecaster submits, another person approves, and only then is there an alert."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

from geo.zone import ZoneSet
from warning.account import Account, Act, require
from warning.cap import Status
from warning.clock import Clock
from warning.errors import Conflict, Invalid, NotAllowed
from warning.identifier import next_identifier
from warning.issue.approval import Approval, Submission, may_go_out
from warning.issue.changes import skipped, texts_of
from warning.issue.companion import Beside, companion
from warning.issue.document import document, signed
from warning.issue.effective import Effective, effective, facts_of, words_of
from warning.issue.hand import HandMade
from warning.issue.registry import Registry
from warning.issue.texts import disagreements
from warning.issue.work import Earlier, NewAlert, StoredProposal
from warning.signature import SigningKey
from warning.watch.eventcode import EventCode
from warning.watch.issuer import Issuer
from warning.watch.proposal import Action, by_hand, to_json
from warning.watch.ready import Facts, Texts, worded
from warning.watch.rule import RuleSet

_TRIES = 3
"""Two approvals in the same second may ask for the same identifier; the loser asks again."""


class IssueLedger(Protocol):
    async def proposal(self, proposal_id: UUID) -> StoredProposal: ...

    async def add(self, proposal: StoredProposal, *, who: str) -> None: ...

    async def submit(self, proposal_id: UUID, *, who: str, revision: int, changes: Mapping[str, object], at: datetime) -> None: ...

    async def close(self, proposal_id: UUID, *, act: str, who: str, reason: str, at: datetime) -> None: ...

    async def latest(self, event_id: UUID) -> Earlier | None: ...

    async def event_of(self, identifier: str) -> UUID: ...

    async def taken(self, sender: str, *, since: datetime) -> set[str]: ...

    async def beside(
        self, issuer: str, hazard: str, zones: Sequence[str], *, other_than: UUID, status: str, now: datetime
    ) -> list[Beside]: ...

    async def issue(self, alert: NewAlert, approval: Approval, *, revision: int, companions: Sequence[tuple[StoredProposal, NewAlert]]) -> None: ...


class IssueDesk:
    """Nothing else can issue."""

    def __init__(
        self, ledger: IssueLedger, *, clock: Clock, zones: ZoneSet, issuers: Mapping[str, Issuer],
        rule_sets: Mapping[str, RuleSet], event_codes: Sequence[EventCode], cap_status: Status, public_url: str,
        planned: Callable[[NewAlert], Awaitable[str]],
        signing_keys: Sequence[SigningKey] = (),
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._registry = Registry(zones=zones, issuers=issuers, rule_sets=rule_sets, event_codes=event_codes)
        self._cap_status: Status = cap_status
        self._public_url = public_url.rstrip("/")
        self._signing_keys = signing_keys
        self._planned = planned

    async def submit(
        self, proposal_id: UUID, *, account: Account, revision: int, changes: Mapping[str, object]
    ) -> None:
        """First signature. ``changes``: hazard, level, zones, polygon, expires (ISO 8601), texts, note. Raises Invalid for others.

        What a person lets fall over a colour, or ends above the lowest, carries a note that says why.
        """
        stored = await self._ledger.proposal(proposal_id)
        found = effective(stored, changes, self._registry)
        require(account, Act.SUBMIT, hazard=found.proposal.hazard, zones=found.zones)
        if found.proposal.cause_to_decide:
            offered = ", ".join(candidate.hazard for candidate in found.proposal.cause_to_decide)
            raise Invalid(f"hazard: the cause is to be decided first; choose one of: {offered}")
        await self._require_note(found)
        await self._ledger.submit(
            proposal_id, who=account.name, revision=revision, changes=changes, at=self._clock.now())

    async def give_back(self, proposal_id: UUID, *, account: Account, reason: str) -> None:
        """The approver returns it, with the reason."""
        await self._close(proposal_id, account, "return", reason, Act.APPROVE)

    async def dismiss(self, proposal_id: UUID, *, account: Account, reason: str) -> None:
        """A forecaster says no to the data, with the reason."""
        await self._close(proposal_id, account, "dismiss", reason, Act.SUBMIT)

    async def compose(self, hand: HandMade, *, account: Account) -> UUID:
        """A warning by hand, of any issuer and event code, that then takes the same way. Returns the proposal's id."""
        require(account, Act.SUBMIT, zones=hand.zones)
        issuer = self._registry.issuer(hand.issuer)
        for code in hand.zones:
            self._registry.zone(code)
        hazard = self._registry.hazard(hand.event_code, issuer)
        # The right is asked for what the code means, which is what goes out; ``hand.hazard`` is only what the form said.
        require(account, Act.SUBMIT, hazard=hazard.key)
        now = self._clock.now()
        status = hand.status or self._cap_status
        if status == "Actual" != self._cap_status:
            raise Invalid(f"status: this deployment issues {self._cap_status} only; a drill cannot be switched to live")
        await self._require_earlier(hand.replaces, account, Act.SUBMIT)
        proposal = by_hand(
            issuer, hazard, hand.level, hand.zones, expires=hand.expires, now=now,
            onset=hand.onset if hand.onset > now else None, note=hand.note.strip())
        event_id = None
        if hand.replaces is not None:
            if hand.action == "new":
                raise Invalid(f"action: what follows {hand.replaces} is an update or a cancel, not new")
            event_id = await self._ledger.event_of(hand.replaces)
            earlier = await self._ledger.latest(event_id)
            if earlier is not None and (earlier.sender, earlier.hazard) != (issuer.sender, hazard.key):
                raise Invalid(
                    f"replaces: {hand.replaces} is {earlier.hazard} of {earlier.sender}, not {hazard.key} of {issuer.sender}; "
                    "only its own issuer updates or cancels it")
            if earlier is not None and earlier.status != status:
                raise Invalid(f"status: {hand.replaces} is {earlier.status}, so what follows it is {earlier.status} too")
            proposal = replace(
                proposal, event_id=str(event_id), action=Action(hand.action),
                previous_level=None if earlier is None else earlier.level)
        elif hand.action != "new":
            raise Invalid(f"replaces: an {hand.action} names the alert that it follows")
        stored = StoredProposal(
            id=uuid4(), issuer=issuer.code, hazard=proposal.hazard, event_code=proposal.event_code, level=hand.level,
            action=proposal.action.value, reason=proposal.reason.value, status="open", event_id=event_id,
            cap_status=status, zones=tuple(hand.zones), body=to_json(proposal), texts={}, polygon=hand.polygon,
            onset=hand.onset, expires=hand.expires, created_at=now, submitted_by=None, changes={}, revision=1,
        )
        texts_of(hand.texts)
        found = effective(stored, {"polygon": hand.polygon} if hand.polygon else {}, self._registry)
        words = worded(facts_of(found, sent=now), issuer=issuer, zones=self._registry.zones)
        edited = {language: {**words[language], **hand.texts.get(language, {})} for language in words}
        await self._ledger.add(replace(stored, texts=edited), who=account.name)
        return stored.id

    async def approve(self, proposal_id: UUID, *, account: Account, revision: int) -> str:
        """Second signature: asks ``may_go_out``, builds the CAP document, stores the alert and its work. Returns the identifier.

        The zones it warns leave whatever other event of this issuer and hazard they were in, by the same signature.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._approve(proposal_id, account=account, revision=revision)
            except Conflict:
                stored = await self._ledger.proposal(proposal_id)
                if attempt == _TRIES or stored.revision != revision or stored.status != "submitted":
                    raise
        raise Conflict("the identifier could not be settled: approve again")

    async def _approve(self, proposal_id: UUID, *, account: Account, revision: int) -> str:
        stored = await self._ledger.proposal(proposal_id)
        found = effective(stored, stored.changes, self._registry)
        issuer = self._registry.issuer(stored.issuer)
        now = self._clock.now().replace(microsecond=0)
        facts = facts_of(found, sent=now)
        texts = words_of(found, facts, self._registry)
        differ = disagreements(texts, facts, issuer=issuer, zones=self._registry.zones)
        against = may_go_out(
            Submission(
                status=stored.status, submitted_by=stored.submitted_by, hazard=found.proposal.hazard,
                zones=found.zones, expires=found.expires, revision=stored.revision,
                cause_open=bool(found.proposal.cause_to_decide),
                disagreements=tuple(differ),
            ), account, revision=revision, now=now)
        if against:
            raise NotAllowed("; ".join([*against, *differ]))
        event_id = stored.event_id or uuid4()
        earlier = await self._ledger.latest(event_id)
        if stored.action != "new" and (earlier is None or earlier.cancelled or earlier.expires <= now):
            raise Invalid("its event has ended meanwhile: propose it as a new warning")
        if earlier is not None:
            require(account, Act.APPROVE, hazard=earlier.hazard, zones=earlier.zones)
        taken = await self._ledger.taken(issuer.sender, since=now)
        identifier = next_identifier(issuer.sender, now, taken.__contains__)
        alert = self._document(found, facts, texts, identifier, event_id, earlier)
        approval = Approval(
            submitted_by=stored.submitted_by or "", by=account.name, at=now, verdict="approved", reason="",
            changes=stored.changes, scripted=account.scripted, reach=await self._planned(alert))
        companions = [] if alert.msg_type == "Cancel" else await self._companions(alert, issuer, taken | {identifier}, now)
        await self._ledger.issue(alert, approval, revision=revision, companions=companions)
        return identifier

    async def preview(self, proposal_id: UUID) -> NewAlert:
        """What a signature would issue now. It is stored nowhere, and its identifier is nobody's."""
        stored = await self._ledger.proposal(proposal_id)
        found, issuer, now = effective(stored, stored.changes, self._registry), self._registry.issuer(stored.issuer), self._clock.now().replace(microsecond=0)
        facts, event = facts_of(found, sent=now), stored.event_id
        earlier = None if event is None else await self._ledger.latest(event)
        identifier = next_identifier(issuer.sender, now, (await self._ledger.taken(issuer.sender, since=now)).__contains__)
        return document(
            found, facts, words_of(found, facts, self._registry), self._registry, identifier=identifier, event_id=event or uuid4(),
            earlier=earlier, public_url=self._public_url)

    def _document(
        self, found: Effective, facts: Facts, texts: Texts, identifier: str, event_id: UUID, earlier: Earlier | None, *, note: str = ""
    ) -> NewAlert:
        alert = document(
            found, facts, texts, self._registry, identifier=identifier, event_id=event_id, earlier=earlier, public_url=self._public_url, note=note)
        return signed(alert, self._signing_keys, at=alert.sent)

    async def _companions(
        self, alert: NewAlert, issuer: Issuer, taken: set[str], now: datetime
    ) -> list[tuple[StoredProposal, NewAlert]]:
        """What this signature makes of the issuer's other events that have its zones."""
        made: list[tuple[StoredProposal, NewAlert]] = []
        others = await self._ledger.beside(
            issuer.code, alert.hazard, alert.zones, other_than=alert.event_id, status=alert.status, now=now)
        for other in others:
            before = effective(other.signed, other.signed.changes, self._registry)
            stored, changes = companion(other, before.proposal, alert.zones, zones=self._registry.zones, now=now)
            found = effective(stored, changes, self._registry)
            facts = facts_of(found, sent=now)
            identifier = next_identifier(issuer.sender, now, taken.__contains__)
            taken = taken | {identifier}
            texts = worded(facts, issuer=issuer, zones=self._registry.zones)
            note = f"继续见 carried on in {alert.identifier}"
            made.append((stored, self._document(found, facts, texts, identifier, other.event_id, other.earlier, note=note)))
        return made

    async def _require_earlier(self, replaces: str | None, account: Account, act: Act) -> None:
        """An update or cancel ends the warning for everyone who had it: the right is needed for all of its zones."""
        if replaces is not None:
            earlier = await self._ledger.latest(await self._ledger.event_of(replaces))
            if earlier is not None:
                require(account, act, hazard=earlier.hazard, zones=earlier.zones)

    async def _require_note(self, found: Effective) -> None:
        """No level is skipped downwards without a reason. The data's own reason serves for what the data asked for."""
        stored = found.stored
        asked = stored.reason != "by_hand" and found.level >= (found.proposal.level or stored.level)
        if found.note or asked or stored.event_id is None:
            return
        earlier = await self._ledger.latest(stored.event_id)
        after = None if stored.action == "cancel" else found.level
        colours = self._registry.colours(stored.hazard, self._registry.issuer(stored.issuer))
        if earlier is not None and skipped(earlier.level, after, colours):
            to = "nothing" if after is None else after.key
            raise Invalid(f"note: {earlier.level.key} falls to {to} and passes over a colour: say why; the second person reads it")

    async def _close(self, proposal_id: UUID, account: Account, what: str, reason: str, needed: Act) -> None:
        if not reason.strip():
            raise Invalid("reason: say why, the next person reads it")
        stored = await self._ledger.proposal(proposal_id)
        require(account, needed, hazard=stored.hazard if account.hazards else None, zones=stored.zones)
        await self._ledger.close(proposal_id, act=what, who=account.name, reason=reason.strip(), at=self._clock.now())
