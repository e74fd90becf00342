"""The issue desk: a forecaster submits, another person approves, and only then is there an alert."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

import shapely
from shapely.geometry.base import BaseGeometry

from geo.outline import outline_zones
from geo.zone import Zone, ZoneSet
from warning.account import Account, Act, require
from warning.cap import Category, Reference, Status
from warning.capxml import write, xsd_errors
from warning.clock import Clock
from warning.errors import CapError, Conflict, Invalid, NotAllowed
from warning.identifier import next_identifier
from warning.issue.approval import Approval, Submission, may_go_out
from warning.issue.build import AlertRequest, build_alert
from warning.issue.changes import edited, known, listed, moment_of, polygon_of, skipped, texts_of
from warning.issue.companion import Beside, companion
from warning.issue.hand import HandMade
from warning.issue.texts import disagreements, final_texts
from warning.issue.work import Earlier, NewAlert, StoredProposal
from warning.level import Level
from warning.signature import SigningKey, sign
from warning.watch.eventcode import EventCode, hazard_of
from warning.watch.issuer import Issuer
from warning.watch.proposal import Action, Proposal, by_hand, decide_cause, proposal_from_json, to_json
from warning.watch.ready import Facts, Texts, act, worded
from warning.watch.rule import RuleSet
from warning.wording import Texts as Worded

MSG_TYPES = {"new": "Alert", "update": "Update", "cancel": "Cancel"}

_TRIES = 3
"""Two approvals in the same second may ask for the same identifier; the loser asks again."""

_SLIVER = 0.01
"""The share of a drawn polygon that may lie over the border: nobody traces it exactly."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """The proposal with the forecaster's changes applied: what is really signed."""

    stored: StoredProposal
    proposal: Proposal
    level: Level
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    expires: datetime
    edits: Mapping[str, Mapping[str, str]]
    note: str


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
        self._zones = zones
        self._issuers = issuers
        self._rule_sets = rule_sets
        self._event_codes = event_codes
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
        effective = self._effective(stored, changes)
        require(account, Act.SUBMIT, hazard=effective.proposal.hazard, zones=effective.zones)
        if effective.proposal.cause_to_decide:
            offered = ", ".join(candidate.hazard for candidate in effective.proposal.cause_to_decide)
            raise Invalid(f"hazard: the cause is to be decided first; choose one of: {offered}")
        await self._require_note(effective)
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
        issuer = self._issuer(hand.issuer)
        for code in hand.zones:
            self._zone(code)
        hazard = hazard_of(hand.event_code, self._rule_sets[issuer.rule_set], self._event_codes)
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
        effective = self._effective(stored, {"polygon": hand.polygon} if hand.polygon else {})
        words = worded(self._facts(effective, sent=now), issuer=issuer, zones=self._zones)
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
        effective = self._effective(stored, stored.changes)
        issuer = self._issuer(stored.issuer)
        now = self._clock.now().replace(microsecond=0)
        facts = self._facts(effective, sent=now)
        texts = self._words(effective, facts, issuer)
        differ = disagreements(texts, facts, issuer=issuer, zones=self._zones)
        against = may_go_out(
            Submission(
                status=stored.status, submitted_by=stored.submitted_by, hazard=effective.proposal.hazard,
                zones=effective.zones, expires=effective.expires, revision=stored.revision,
                cause_open=bool(effective.proposal.cause_to_decide),
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
        alert = self._signed(self._alert(effective, facts, texts, issuer, identifier, event_id, earlier, now))
        approval = Approval(
            submitted_by=stored.submitted_by or "", by=account.name, at=now, verdict="approved", reason="",
            changes=stored.changes, scripted=account.scripted, reach=await self._planned(alert))
        companions = [] if alert.msg_type == "Cancel" else await self._companions(alert, issuer, taken | {identifier}, now)
        await self._ledger.issue(alert, approval, revision=revision, companions=companions)
        return identifier

    async def preview(self, proposal_id: UUID) -> NewAlert:
        """What a signature would issue now. It is stored nowhere, and its identifier is nobody's."""
        stored = await self._ledger.proposal(proposal_id)
        effective, issuer, now = self._effective(stored, stored.changes), self._issuer(stored.issuer), self._clock.now().replace(microsecond=0)
        facts, event = self._facts(effective, sent=now), stored.event_id
        earlier = None if event is None else await self._ledger.latest(event)
        identifier = next_identifier(issuer.sender, now, (await self._ledger.taken(issuer.sender, since=now)).__contains__)
        return self._alert(effective, facts, self._words(effective, facts, issuer), issuer, identifier, event or uuid4(), earlier, now)

    def _words(self, effective: Effective, facts: Facts, issuer: Issuer) -> Texts:
        stored = effective.stored
        # A field sent back as the form showed it, before a level or place was changed, is no edit either.
        offered = self._facts(self._effective(stored, {}), sent=stored.created_at)
        return final_texts(
            worded(facts, issuer=issuer, zones=self._zones),
            shown=worded(replace(facts, sent=stored.created_at), issuer=issuer, zones=self._zones),
            edits=edited(effective.edits, worded(offered, issuer=issuer, zones=self._zones)))

    async def _companions(
        self, alert: NewAlert, issuer: Issuer, taken: set[str], now: datetime
    ) -> list[tuple[StoredProposal, NewAlert]]:
        """What this signature makes of the issuer's other events that have its zones."""
        made: list[tuple[StoredProposal, NewAlert]] = []
        others = await self._ledger.beside(
            issuer.code, alert.hazard, alert.zones, other_than=alert.event_id, status=alert.status, now=now)
        for other in others:
            before = self._effective(other.signed, other.signed.changes)
            stored, changes = companion(other, before.proposal, alert.zones, zones=self._zones, now=now)
            effective = self._effective(stored, changes)
            facts = self._facts(effective, sent=now)
            identifier = next_identifier(issuer.sender, now, taken.__contains__)
            taken = taken | {identifier}
            texts = worded(facts, issuer=issuer, zones=self._zones)
            note = f"继续见 carried on in {alert.identifier}"
            made.append((stored, self._signed(self._alert(
                effective, facts, texts, issuer, identifier, other.event_id, other.earlier, now, note=note))))
        return made

    def _alert(
        self, effective: Effective, facts: Facts, texts: Texts, issuer: Issuer, identifier: str, event_id: UUID,
        earlier: Earlier | None, now: datetime, note: str = "",
    ) -> NewAlert:
        stored = effective.stored
        asked = AlertRequest(
            issuer_zh=issuer.name_zh, issuer_en=issuer.name_en, sender_code=issuer.sender, identifier=identifier,
            event_id=str(event_id), hazard_zh=facts.hazard_zh, hazard_en=facts.hazard_en,
            event_code=effective.proposal.event_code, level=effective.level, action=facts.action, status=facts.status,
            zones=tuple((z.code, z.name_zh, z.name_en) for z in map(self._zone, effective.zones)), sent=now,
            expires=effective.expires, texts_zh=Worded(**texts["zh-CN"]), texts_en=Worded(**texts["en-US"]),
            polygons=_rings(self._ground(effective)), onset=max(stored.onset, now),
            references=() if earlier is None else (
                Reference(sender=earlier.sender, identifier=earlier.identifier, sent=earlier.sent),),
            observed=any(one.observed for one in effective.proposal.evidence),
            web=f"{self._public_url}/alert/{identifier}", category=self._category(effective.proposal.event_code),
            note=note or (effective.note if facts.action == "cancel" else ""),
        )
        document = write(build_alert(asked))
        faults = xsd_errors(document)
        if faults:
            raise CapError(f"the alert would not be valid CAP 1.2: {faults[0]}")
        return NewAlert(
            identifier=identifier, event_id=event_id, version=1 if earlier is None else earlier.version + 1,
            msg_type=MSG_TYPES[stored.action], status=stored.cap_status, issuer=stored.issuer, sender=issuer.sender,
            hazard=effective.proposal.hazard, event_code=effective.proposal.event_code, level=effective.level, sent=now,
            onset=max(stored.onset, now), expires=effective.expires, zones=effective.zones, polygon=effective.polygon,
            headlines={language: words["headline"] for language, words in texts.items()}, cap_xml=document.decode(),
            proposal_id=stored.id,
        )

    def _signed(self, alert: NewAlert) -> NewAlert:
        """A signature that fails never holds up people's channels: the alert is stored, the fault is told, programs wait."""
        if not self._signing_keys:
            return alert
        try:
            return replace(alert, signature=sign(alert.cap_xml.encode(), self._signing_keys, at=alert.sent))
        except CapError as error:
            return replace(alert, signature_fault=str(error))

    async def _require_earlier(self, replaces: str | None, account: Account, act: Act) -> None:
        """An update or cancel ends the warning for everyone who had it: the right is needed for all of its zones."""
        if replaces is not None:
            earlier = await self._ledger.latest(await self._ledger.event_of(replaces))
            if earlier is not None:
                require(account, act, hazard=earlier.hazard, zones=earlier.zones)

    async def _require_note(self, effective: Effective) -> None:
        """No level is skipped downwards without a reason. The data's own reason serves for what the data asked for."""
        stored = effective.stored
        asked = stored.reason != "by_hand" and effective.level >= (effective.proposal.level or stored.level)
        if effective.note or asked or stored.event_id is None:
            return
        earlier = await self._ledger.latest(stored.event_id)
        after = None if stored.action == "cancel" else effective.level
        rules = self._rule_sets[self._issuer(stored.issuer).rule_set].of(stored.hazard)
        if earlier is not None and skipped(earlier.level, after, [rule.level for rule in rules]):
            to = "nothing" if after is None else after.key
            raise Invalid(f"note: {earlier.level.key} falls to {to} and passes over a colour: say why; the second person reads it")

    async def _close(self, proposal_id: UUID, account: Account, what: str, reason: str, needed: Act) -> None:
        if not reason.strip():
            raise Invalid("reason: say why, the next person reads it")
        stored = await self._ledger.proposal(proposal_id)
        require(account, needed, hazard=stored.hazard if account.hazards else None, zones=stored.zones)
        await self._ledger.close(proposal_id, act=what, who=account.name, reason=reason.strip(), at=self._clock.now())

    def _effective(self, stored: StoredProposal, changes: Mapping[str, object]) -> Effective:
        known(changes)
        body = {key: value for key, value in stored.body.items() if key != "affected"}
        proposal = proposal_from_json(body)
        if "hazard" in changes and changes["hazard"] != proposal.hazard:
            proposal = decide_cause(proposal, str(changes["hazard"]))
        level = Level.of(str(changes["level"])) if "level" in changes else (proposal.level or stored.level)
        zones = tuple(str(code) for code in listed(changes["zones"])) if "zones" in changes else proposal.zones
        for code in zones:
            self._zone(code)
            if not self._issuer(stored.issuer).may_warn(code):
                raise Invalid(f"zones: {stored.issuer} may not warn {code}")
        by_person = stored.reason == "by_hand" and stored.polygon is not None
        polygon = polygon_of(changes["polygon"]) if changes.get("polygon") else (stored.polygon if by_person else None)
        expires = moment_of(changes["expires"]) if "expires" in changes else stored.expires
        edits = texts_of(changes["texts"]) if "texts" in changes else stored.texts if stored.reason == "by_hand" else {}
        if polygon is not None:
            self._check_ground(polygon, zones)
        return Effective(
            stored=stored, proposal=proposal, level=level, zones=zones, polygon=polygon, expires=expires, edits=edits,
            note=str(changes.get("note") or proposal.note).strip())

    def _facts(self, effective: Effective, *, sent: datetime) -> Facts:
        proposal = effective.proposal
        return Facts(
            hazard=proposal.hazard, hazard_zh=proposal.hazard_zh, hazard_en=proposal.hazard_en, level=effective.level,
            previous_level=proposal.previous_level, action=act(effective.stored.action), zones=effective.zones,
            evidence=proposal.evidence, onset=proposal.onset, sent=sent, expires=effective.expires,
            status=self._status(effective.stored.cap_status),
        )

    def _ground(self, effective: Effective) -> BaseGeometry:
        """The CAP polygon: what a person drew, else the warned zones, few vertices, covering every one of them."""
        if effective.polygon is not None:
            return shapely.geometry.shape(dict(effective.polygon))
        return outline_zones([self._zone(code) for code in effective.zones])

    def _check_ground(self, polygon: Mapping[str, object], zones: Sequence[str]) -> None:
        """A drawn polygon warns whom it covers, so it stays inside the zones that were asked for; the sea beside them is free."""
        drawn = shapely.geometry.shape(dict(polygon))
        chosen = shapely.union_all([self._zone(code).geometry for code in zones])
        if drawn.intersection(chosen).area == 0:
            raise Invalid("polygon: lies outside the chosen zones; draw it inside them or choose others")
        rest = drawn.difference(chosen)
        into = [zone.code for zone in self._zones.at("district")
                if zone.geometry.intersection(rest).area > _SLIVER * drawn.area]
        if into:
            raise Invalid(f"polygon: reaches into {', '.join(into)}; choose these zones too, or draw it inside the chosen ones")

    def _issuer(self, code: str) -> Issuer:
        if code not in self._issuers:
            raise Invalid(f"issuer: {code!r} is none of {', '.join(self._issuers)}")
        return self._issuers[code]

    def _zone(self, code: str) -> Zone:
        try:
            return self._zones[code]
        except KeyError as error:
            raise Invalid(f"zones: {code!r} is no zone of this deployment") from error

    def _category(self, event_code: str) -> Category | None:
        """CAP's category as the event code list has it; None leaves it to the code's group."""
        return next((one.category for one in self._event_codes if event_code in (one.code, *one.aliases)), None)

    @staticmethod
    def _status(word: str) -> Status:
        match word:
            case "Actual" | "Exercise" | "Test":
                return word
        raise Invalid(f"status: {word!r} is never issued")


def _rings(ground: BaseGeometry) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Outer rings as (lon, lat); CAP has no holes, so a hole is warned with its surroundings."""
    parts = getattr(ground, "geoms", [ground])
    return tuple(tuple((x, y) for x, y in part.exterior.coords) for part in parts)
