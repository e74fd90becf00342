"""The thread of an event under any sequence of data, signatures, refusals, hands and lapses: the promises that people rely on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from warning.level import Level
from warning.watch.draft import Draft
from warning.watch.hazard import Hazard
from warning.watch.memory import Memory, Policy
from warning.watch.proposal import Action, InForce, Proposal
from warning.watch.propose import propose

ISSUER = "310000"
ZONES = ("310115", "310116", "310120")
RAIN = Hazard(key="rainstorm", event_code="11B03", zh="暴雨", en="rainstorm")
LEVELS = (Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE)
POLICY = Policy(cycles_up=2, cycles_down=3)
STEP = timedelta(minutes=10)

readings = st.tuples(st.sampled_from([None, *LEVELS]), st.sampled_from([False, False, False, True]))


class Event(RuleBasedStateMachine):
    """One issuer, one hazard, three zones. ``told`` is what a zone's people were last told; 0 = nothing, or an end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)
        self.memory = Memory()
        self.in_force: dict[str, InForce] = {}
        self.pending: list[Proposal] = []
        self.history: dict[str, list[tuple[int, bool]]] = {zone: [] for zone in ZONES}
        self.made = 0

    # What happens

    @rule(cycle=st.tuples(*(readings for _ in ZONES)))
    def data_arrive(self, cycle: Sequence[tuple[Level | None, bool]]) -> None:
        self._lapse(STEP)
        drafts = [
            Draft(issuer=ISSUER, hazard=RAIN, zone=zone, level=level, unknown=unknown, evidence=None, levels=LEVELS)
            for zone, (level, unknown) in zip(ZONES, cycle, strict=True)
        ]
        for draft in drafts:
            self.history[draft.zone].append((int(draft.level or 0), draft.unknown))
        found, self.memory = propose(drafts, list(self.in_force.values()), self.memory, POLICY, now=self.now)
        self.pending = [p for p in found if p.action is not Action.NOTHING]
        for proposal in self.pending:
            self._is_sound(proposal)
        red = {draft.zone for draft in drafts if draft.level is Level.RED}
        asked = {zone for p in self.pending if p.level is Level.RED for zone in p.zones}
        has = {zone for warning in self.in_force.values() if warning.level is Level.RED for zone in warning.zones}
        assert red <= asked | has, "red is never delayed"

    @precondition(lambda self: self.pending)
    @rule(which=st.integers(0, 5))
    def two_people_sign(self, which: int) -> None:
        proposal = self.pending.pop(which % len(self.pending))
        self._follow(proposal)

    @precondition(lambda self: self.pending)
    @rule()
    def everything_is_signed(self) -> None:
        while self.pending:
            self._follow(self.pending.pop(0))

    @precondition(lambda self: self.pending)
    @rule(which=st.integers(0, 5))
    def one_is_dismissed(self, which: int) -> None:
        self.pending.pop(which % len(self.pending))

    @rule(level=st.sampled_from(LEVELS), zones=st.sets(st.sampled_from(ZONES), min_size=1))
    def a_person_warns_by_hand(self, level: Level, zones: set[str]) -> None:
        self._out(level, tuple(sorted(zones)), self.now + timedelta(hours=3), None, by_hand=True)

    @rule(hours=st.sampled_from([1, 4, 23]))
    def time_passes(self, hours: int) -> None:
        self._lapse(timedelta(hours=hours))

    # What must hold

    @invariant()
    def a_zone_has_one_warning_at_most(self) -> None:
        zones = [zone for warning in self.in_force.values() for zone in warning.zones]
        assert len(zones) == len(set(zones))
        assert all(warning.zones for warning in self.in_force.values()), "no event without a zone"

    def _is_sound(self, proposal: Proposal) -> None:
        """No end and no change without a start; nothing falls or ends, and nothing below red rises, before it has lasted."""
        before = {zone: warning for warning in self.in_force.values() for zone in warning.zones}
        if proposal.action is not Action.NEW:
            assert proposal.event_id in self.in_force
        after = self._levels_after(proposal)
        for zone in ZONES:
            was, to = int(before[zone].level) if zone in before else 0, after.get(zone, 0)
            lows = [low for low, _ in self.history[zone]]
            known = [low for low, unknown in self.history[zone] if not unknown]
            if to > was:
                assert to == Level.RED or min(lows[-POLICY.cycles_up :]) >= to, "a rise has lasted"
            if to < was:
                assert not before[zone].by_hand, "what a person holds is not lowered by data"
                assert len(known) >= POLICY.cycles_down, "a fall is known"
                assert max(known[-POLICY.cycles_down :]) < was, "a fall has lasted"
                assert to in (0, was - 1), "one level at a time, or the end"
                assert to or max(known[-POLICY.cycles_down :]) == 0, "an end means that no level is reached"

    def _levels_after(self, proposal: Proposal) -> Mapping[str, int]:
        levels = {zone: int(w.level) for w in self.in_force.values() if w.event_id != proposal.event_id for zone in w.zones}
        if proposal.action is not Action.CANCEL:
            levels |= dict.fromkeys(proposal.zones, int(proposal.level or 0))
        return levels

    # What a signature does

    def _follow(self, proposal: Proposal) -> None:
        if proposal.event_id is not None and proposal.event_id not in self.in_force:
            return  # it has lapsed meanwhile: the issue desk refuses it
        if proposal.action is Action.CANCEL:
            assert proposal.event_id is not None
            del self.in_force[proposal.event_id]
        else:
            assert proposal.level is not None
            assert proposal.expires is not None
            self._out(proposal.level, proposal.zones, proposal.expires, proposal.event_id, by_hand=False)

    def _out(self, level: Level, zones: tuple[str, ...], expires: datetime, event: str | None, *, by_hand: bool) -> None:
        self.made += 1
        event = event or f"e{self.made}"
        before = self.in_force.get(event)
        by_hand = by_hand or (before is not None and before.by_hand and before.level is level)
        for other in list(self.in_force.values()):
            rest = tuple(zone for zone in other.zones if zone not in zones)
            if other.event_id != event and len(rest) < len(other.zones):
                # The signature takes them out; what was asked of that event before is void.
                self.pending = [p for p in self.pending if p.event_id != other.event_id]
                del self.in_force[other.event_id]
                if rest:
                    self.in_force[other.event_id] = replace(other, zones=rest, version=other.version + 1)
        self.in_force[event] = InForce(
            event_id=event, issuer=ISSUER, hazard=RAIN.key, level=level, zones=zones, expires=expires, identifier=event,
            version=self.made, by_hand=by_hand)

    def _lapse(self, by: timedelta) -> None:
        self.now += by
        self.in_force = {event: warning for event, warning in self.in_force.items() if warning.expires > self.now}


Event.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestEvent = Event.TestCase
