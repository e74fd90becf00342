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
from warning.errors import Conflict, Invalid, NotAllowed, Unworded
from warning.identifier import next_identifier
from warning.issue.approval import Approval, Submission, may_go_out
from warning.issue.changes import skipped, texts_of
from warning.issue.companion import Beside, companion
from warning.issue.document import document, signed
from warning.issue.drawn import round_of
from warning.issue.effective import Effective, effective, facts_of, words_of
from warning.issue.fastlane import FastRule, rule_for
from warning.issue.hand import HandMade
from warning.issue.look import FormTexts, Look, covered_by
from warning.issue.registry import Registry
from warning.issue.state import move
from warning.issue.texts import disagreements
from warning.issue.work import Earlier, NewAlert, StoredProposal
from warning.level import Level
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
        signing_keys: Sequence[SigningKey] = (), fast_lane: Sequence[FastRule] = (),
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._registry = Registry(zones=zones, issuers=issuers, rule_sets=rule_sets, event_codes=event_codes)
        self._cap_status: Status = cap_status
        self._public_url = public_url.rstrip("/")
        self._signing_keys = signing_keys
        self._planned = planned
        self._fast_lane = tuple(fast_lane)

    async def submit(
        self, proposal_id: UUID, *, account: Account, revision: int, changes: Mapping[str, object]
    ) -> None:
        """First signature. ``changes``: see changes.CHANGEABLE. Raises Invalid for others.

        What a person lets fall over a colour, or ends above the lowest, carries a note that says why; where the two languages differ,
        ``override`` says why that may stand (a partner's script cannot know: there the second person is asked).
        """
        stored = await self._ledger.proposal(proposal_id)
        found = effective(stored, changes, self._registry)
        await self._require_submittable(found, account)
        unlike = [] if account.scripted else self._unlike(found)
        if unlike:
            raise Invalid(f"texts: the two languages do not say the same: {'; '.join(unlike)}; mend them, or say in override why they may stand")
        await self._ledger.submit(
            proposal_id, who=account.name, revision=revision, changes=changes, at=self._clock.now())

    async def give_back(self, proposal_id: UUID, *, account: Account, reason: str) -> None:
        """The approver returns it, with the reason."""
        await self._close(proposal_id, account, "return", reason, Act.APPROVE)

    async def dismiss(self, proposal_id: UUID, *, account: Account, reason: str) -> None:
        """A forecaster says no to the data, with the reason."""
        await self._close(proposal_id, account, "dismiss", reason, Act.SUBMIT)

    async def withdraw(self, proposal_id: UUID, *, account: Account, reason: str) -> None:
        """Whoever brought it takes it back before anybody has signed it, with the reason; Conflict when somebody has, or has said no."""
        if (await self._ledger.proposal(proposal_id)).submitted_by not in (None, account.name):
            raise NotAllowed("another person brought it: return it, with the reason")
        await self._close(proposal_id, account, "replace", reason, Act.SUBMIT)

    async def compose(self, hand: HandMade, *, account: Account, proposal_id: UUID | None = None) -> UUID:
        """A warning by hand, of any issuer and event code, that then takes the same way. Returns the proposal's id.

        ``proposal_id``: chosen by whoever may have to try again after a crash; one that exists already raises Conflict.
        """
        stored = await self._by_hand(hand, account)
        stored = stored if proposal_id is None else replace(stored, id=proposal_id)
        await self._ledger.add(stored, who=account.name)
        return stored.id

    async def _by_hand(self, hand: HandMade, account: Account) -> StoredProposal:
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
        circle = None if hand.circle is None else round_of(hand.circle)
        body = to_json(proposal) | ({} if hand.circle is None else {"circle": dict(hand.circle)})
        stored = StoredProposal(
            id=uuid4(), issuer=issuer.code, hazard=proposal.hazard, event_code=proposal.event_code, level=hand.level,
            action=proposal.action.value, reason=proposal.reason.value, status="open", event_id=event_id,
            cap_status=status, zones=tuple(hand.zones), body=body, texts={}, polygon=hand.polygon,
            onset=hand.onset, expires=hand.expires, created_at=now, submitted_by=None, changes={}, revision=1,
        )
        texts_of(hand.texts)
        drawn = {key: value for key, value in (("polygon", hand.polygon), ("circle", hand.circle)) if value}
        found = effective(stored, drawn, self._registry)
        self._require_registered(found)
        words = worded(facts_of(found, sent=now), issuer=issuer, zones=self._registry.zones)
        edited = {language: {**words[language], **hand.texts.get(language, {})} for language in words}
        return replace(stored, texts=edited, polygon=found.polygon if circle else hand.polygon)

    async def approve(self, proposal_id: UUID, *, account: Account, revision: int, status: str | None = None) -> str:
        """Second signature: asks ``may_go_out``, builds the CAP document, stores the alert and its work. Returns the identifier.

        The zones it warns leave whatever other event of this issuer and hazard they were in, by the same signature. ``status``: what
        the signer takes it for (Actual, Exercise, Test); another than it is raises Conflict, so that nobody signs a drill for the real thing.
        """
        return await self._settled(proposal_id, account, revision, status, None)

    async def express(
        self, proposal_id: UUID, *, account: Account, revision: int, changes: Mapping[str, object], status: str | None = None
    ) -> str:
        """The fast lane: one signature and it is out, where a rule of the settings lets this account; another person reviews it afterwards."""
        return await self._settled(proposal_id, account, revision, status, changes)

    async def _settled(
        self, proposal_id: UUID, account: Account, revision: int, status: str | None, alone: Mapping[str, object] | None
    ) -> str:
        waits = "submitted" if alone is None else "open"
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._sign(proposal_id, account, revision, status, alone)
            except Conflict:
                stored = await self._ledger.proposal(proposal_id)
                if attempt == _TRIES or stored.revision != revision or stored.status != waits:
                    raise
        raise Conflict("the identifier could not be settled: approve again")

    async def _sign(
        self, proposal_id: UUID, account: Account, revision: int, status: str | None, alone: Mapping[str, object] | None
    ) -> str:
        stored = await self._ledger.proposal(proposal_id)
        if status is not None and status != stored.cap_status:
            raise Conflict(f"this is an {stored.cap_status} and you were about to sign an {status}: reload it and read it again")
        stored = stored if alone is None else replace(stored, changes=dict(alone), submitted_by=account.name)
        found = effective(stored, stored.changes, self._registry)
        rule = None
        if alone is not None:
            move(stored.status, "express")
            await self._require_submittable(found, account)
            rule = self._fast(found, account)
            if rule is None:
                raise NotAllowed(
                    f"no rule of the fast lane lets a {account.role} issue {found.level.key} {found.proposal.hazard} alone: submit it for a second signature")
        else:
            self._require_registered(found)
        issuer = self._registry.issuer(stored.issuer)
        now = self._clock.now().replace(microsecond=0)
        facts = facts_of(found, sent=now)
        texts = words_of(found, facts, self._registry)
        differ = self._unlike(found)
        against = may_go_out(
            Submission(
                status=stored.status, submitted_by=stored.submitted_by, hazard=found.proposal.hazard,
                zones=found.zones, expires=found.expires, revision=stored.revision,
                cause_open=bool(found.proposal.cause_to_decide),
                disagreements=tuple(differ),
            ), account, revision=revision, now=now, alone=rule is not None)
        if against:
            raise NotAllowed("; ".join([*against, *differ]))
        event_id = stored.event_id or uuid4()
        earlier = await self._ledger.latest(event_id)
        if stored.action != "new" and (earlier is None or earlier.cancelled or earlier.expires <= now):
            raise Invalid("its event has ended meanwhile: propose it as a new warning")
        if earlier is not None:
            require(account, Act.APPROVE if rule is None else Act.SUBMIT, hazard=earlier.hazard, zones=earlier.zones)
        taken = await self._ledger.taken(issuer.sender, since=now)
        identifier = next_identifier(issuer.sender, now, taken.__contains__)
        alert = self._document(found, facts, texts, identifier, event_id, earlier)
        approval = Approval(
            submitted_by=stored.submitted_by or "", by=account.name, at=now, verdict="approved" if rule is None else "express", reason="",
            changes=stored.changes, scripted=account.scripted, reach=await self._planned(alert),
            review_by=None if rule is None else now + rule.within)
        companions = [] if alert.msg_type == "Cancel" else await self._companions(alert, issuer, taken | {identifier}, now)
        await self._ledger.issue(alert, approval, revision=revision, companions=companions)
        return identifier

    async def preview(self, proposal_id: UUID) -> NewAlert:
        """What a signature would issue now. It is stored nowhere, and its identifier is nobody's."""
        stored = await self._ledger.proposal(proposal_id)
        found = await self._looked(stored, stored.changes)
        if found.alert is None:
            raise Unworded(found.unworded)
        return found.alert

    async def look(self, proposal_id: UUID, *, changes: Mapping[str, object] | None = None) -> Look:
        """What would be sent with these changes (None = those it was submitted with), beside the templates. Nothing is stored."""
        stored = await self._ledger.proposal(proposal_id)
        return await self._looked(stored, stored.changes if changes is None else changes)

    async def form_texts(self, proposal_id: UUID, *, changes: Mapping[str, object]) -> FormTexts:
        """For a form that shows the templates' words; also where what somebody has written could not be sent."""
        stored = await self._ledger.proposal(proposal_id)
        issuer, zones = self._registry.issuer(stored.issuer), self._registry.zones
        came, changed = (facts_of(effective(stored, one, self._registry), sent=stored.created_at) for one in ({}, changes))
        return FormTexts(came=worded(came, issuer=issuer, zones=zones), changed=worded(changed, issuer=issuer, zones=zones))

    async def look_by_hand(self, hand: HandMade, *, account: Account) -> Look:
        """As :meth:`look`, of what is being composed. Raises what :meth:`compose` would."""
        return await self._looked(await self._by_hand(hand, account), {})

    def fast(self, hazard: str, level: Level, *, action: str, status: str, account: Account) -> bool:
        """Whether this account could issue it alone: which button is shown. ``express`` asks again."""
        return rule_for(self._fast_lane, account, hazard=hazard, level=level, action=action, status=status, ours=self._cap_status) is not None

    async def _looked(self, stored: StoredProposal, changes: Mapping[str, object]) -> Look:
        found, issuer, now = effective(stored, changes, self._registry), self._registry.issuer(stored.issuer), self._clock.now().replace(microsecond=0)
        facts, event = facts_of(found, sent=now), stored.event_id
        texts = words_of(found, facts, self._registry)
        earlier = None if event is None else await self._ledger.latest(event)
        identifier = next_identifier(issuer.sender, now, (await self._ledger.taken(issuer.sender, since=now)).__contains__)
        unlike, alert, unworded = tuple(self._unlike(replace(found, override=""))), None, ""
        try:
            alert = document(found, facts, texts, self._registry, identifier=identifier, event_id=event or uuid4(), earlier=earlier, public_url=self._public_url)
        except Unworded as error:
            if not unlike:
                raise
            unworded = str(error)
        return Look(
            alert=alert, unworded=unworded, template=worded(facts, issuer=issuer, zones=self._registry.zones), texts=texts, unlike=unlike,
            covered=covered_by(found, self._registry), unregistered=self._unregistered(found))

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

    def _unlike(self, found: Effective) -> list[str]:
        """Where the two languages do not say the same, unless somebody has said why that may stand."""
        if found.override:
            return []
        facts = facts_of(found, sent=self._clock.now().replace(microsecond=0))
        return disagreements(
            words_of(found, facts, self._registry), facts, issuer=self._registry.issuer(found.stored.issuer), zones=self._registry.zones)

    def _fast(self, found: Effective, account: Account) -> FastRule | None:
        return rule_for(
            self._fast_lane, account, hazard=found.proposal.hazard, level=found.level, action=found.stored.action,
            status=found.stored.cap_status, ours=self._cap_status)

    async def _require_submittable(self, found: Effective, account: Account) -> None:
        require(account, Act.SUBMIT, hazard=found.proposal.hazard, zones=found.zones)
        if found.proposal.cause_to_decide:
            offered = ", ".join(candidate.hazard for candidate in found.proposal.cause_to_decide)
            raise Invalid(f"hazard: the cause is to be decided first; choose one of: {offered}")
        self._require_registered(found)
        await self._require_note(found)

    def _unregistered(self, found: Effective) -> tuple[str, ...]:
        """What an authority may warn of it may always lift; an end is never refused."""
        if found.stored.action == "cancel":
            return ()
        return self._registry.unregistered(found.stored.issuer, hazard=found.proposal.hazard, level=found.level, zones=found.zones)

    def _require_registered(self, found: Effective) -> None:
        outside = self._unregistered(found)
        if outside:
            raise NotAllowed(
                f"{found.stored.issuer} is not registered to issue {found.level.key} {found.proposal.hazard} for {', '.join(outside)}; "
                "its register stands in issuers.yaml")

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
