"""Propose: what the data say, compared with what is in force, becomes acts to put before a forecaster."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from warning.level import Level
from warning.watch.draft import Draft
from warning.watch.hazard import Hazard
from warning.watch.memory import Memory, Policy, Track, TrackKey
from warning.watch.proposal import Action, Candidate, InForce, Proposal, Reason

# Growth goes out before anything shrinks or ends, so that no zone stands without a warning in between.
_ORDER = {Action.NEW: 0, Action.UPDATE: 1, Action.CANCEL: 2, Action.NOTHING: 3}
_RISING = (Reason.PEAK_ROSE, Reason.AREA_GREW)
# When nothing is done for several reasons at once, the first of these is told.
_TOLD_FIRST = (Reason.UNKNOWN_DATA, Reason.WAITING_PERSISTENCE, Reason.HELD_BY_HAND, Reason.NO_CHANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """One zone: the level it should have (0 none), the one it has (0 none), and why."""

    zone: str
    target: int
    current: int
    reason: Reason
    draft: Draft


def propose(
    drafts: Sequence[Draft],
    in_force: Sequence[InForce],
    memory: Memory,
    policy: Policy,
    *,
    now: datetime,
    cycle: datetime | None = None,
) -> tuple[list[Proposal], Memory]:
    """Compare, zone by zone; zones of one issuer, hazard, level and act become one Proposal. Pure.

    Up: a level that ``policy.cycles_up`` cycles reached; red at once. Down: after ``policy.cycles_down`` *known* cycles
    below, one level at a time while some level lasts, and straight to CANCEL (NO_LONGER_EXCEEDED) when none does.
    Unknown data never lower, shrink or lift; a warning about to lapse under them is proposed for extension
    (UNKNOWN_DATA). What a person holds (``by_hand``, or at a level no data decide) data may raise, not lower.
    Without a reason no level is skipped downwards: the end of a red warning says that the data no longer reach any.
    A quiet zone gives no Proposal. ``cycle`` names the data (now when None): one cycle counts once, however often read.
    A hazard without any Draft here is left alone.
    """
    cycle = cycle or now
    counted = memory.cycle is not None and cycle <= memory.cycle
    alive = [warning for warning in in_force if warning.expires > now]
    tracks: dict[TrackKey, Track] = dict(memory.tracks)
    singles: dict[tuple[str, str], list[Draft]] = {}
    undecided: dict[tuple[str, str], list[Draft]] = {}
    for found in drafts:
        for one in found.candidates or (found,):
            key = (one.issuer, one.hazard.key, one.zone)
            if not counted:
                low = int(one.level or 0)
                tracks[key] = tracks.get(key, Track()).after(low, unknown=one.unknown, policy=policy)
        if not found.candidates:
            singles.setdefault((found.issuer, found.hazard.key), []).append(found)
    causes = _causes_in_force(drafts, alive)
    for found in (found for found in drafts if found.candidates):
        known = causes.get((found.issuer, found.hazard.key), frozenset())
        if not known:
            undecided.setdefault((found.issuer, found.hazard.key), []).append(found)
        for one in found.candidates:
            if one.hazard.key in known:
                singles.setdefault((one.issuer, one.hazard.key), []).append(one)

    proposals: list[Proposal] = []
    for (issuer, hazard), group in singles.items():
        out = [warning for warning in alive if (warning.issuer, warning.hazard) == (issuer, hazard)]
        proposals += _thread(group, out, tracks, policy, now)
    for group in undecided.values():
        proposals += _cause_to_decide(group, tracks, policy, now)
    proposals.sort(key=lambda proposal: (_ORDER[proposal.action], proposal.reason not in _RISING))
    return proposals, Memory(cycle=memory.cycle if counted else cycle, tracks=MappingProxyType(tracks))


def _causes_in_force(drafts: Iterable[Draft], alive: Iterable[InForce]) -> Mapping[tuple[str, str], frozenset[str]]:
    """(issuer, group) → hazards of the group that are in force: there a person has decided the cause."""
    every = [one for found in drafts for one in (found, *found.candidates)]
    groups = {one.hazard.key: one.hazard.cause.group for one in every if one.hazard.cause is not None}
    found_in: dict[tuple[str, str], frozenset[str]] = {}
    for warning in alive:
        if warning.hazard in groups:
            key = (warning.issuer, groups[warning.hazard])
            found_in[key] = found_in.get(key, frozenset()) | {warning.hazard}
    return found_in


def _settle(found: Draft, warning: InForce | None, track: Track, policy: Policy) -> _State:
    """Which level the zone should have, and why."""
    current, low = int(warning.level) if warning else 0, int(found.level or 0)

    def state(target: int, reason: Reason) -> _State:
        return _State(zone=found.zone, target=target, current=current, reason=reason, draft=found)

    lasting = low if low == Level.RED else min(track.risen(policy), low)
    if lasting > current:
        return state(lasting, Reason.PEAK_ROSE if current else Reason.FIRST)
    if low > current:
        return state(current, Reason.WAITING_PERSISTENCE)
    if low == current:
        quiet = Reason.UNKNOWN_DATA if found.unknown and not low else Reason.NO_CHANGE
        return state(current, quiet)
    if (warning is not None and warning.by_hand) or current in found.manual_levels:
        return state(current, Reason.HELD_BY_HAND)
    if found.unknown:
        return state(current, Reason.UNKNOWN_DATA)
    fallen = track.fallen(policy)
    if fallen is None or fallen >= current:
        return state(current, Reason.WAITING_PERSISTENCE)
    if fallen == 0:
        return state(0, Reason.NO_LONGER_EXCEEDED)
    below = [int(level) for level in found.levels if fallen <= level < current]
    return state(max(below, default=fallen), Reason.LEVEL_FELL)


def _thread(
    group: Sequence[Draft], out: Sequence[InForce], tracks: Mapping[TrackKey, Track], policy: Policy, now: datetime
) -> list[Proposal]:
    """One issuer, one hazard: a warning in force keeps its event, and each level has one event.

    A zone that goes over to another event stays in its old one until the other is signed: that signature takes it out
    (``issue.companion``), so that the zone is never without a warning and never under two.
    """
    states: dict[str, _State] = {}
    held: dict[str, set[str]] = {warning.event_id: set(warning.zones) for warning in out}
    for found in group:
        over = [warning for warning in out if found.zone in warning.zones]
        strongest = max(over, key=lambda warning: warning.level, default=None)
        track = tracks.get((found.issuer, found.hazard.key, found.zone), Track())
        states[found.zone] = _settle(found, strongest, track, policy)
        for warning in over:
            held[warning.event_id].discard(found.zone)
    wanted: dict[int, list[str]] = {}
    for state in states.values():
        if state.target:
            wanted.setdefault(state.target, []).append(state.zone)
    claims = _claims(out, states, held)
    hazard = group[0].hazard
    proposals: list[Proposal] = []
    given: set[int] = set()
    for warning in out:
        level = claims.get(warning.event_id)
        own = [states[zone] for zone in warning.zones if zone in states]
        # Of two warnings at one level only the first takes the zones that want it; the other keeps what no data reach.
        takes = wanted.get(level, ()) if level is not None and level not in given else ()
        given.update(() if level is None else (level,))
        going = [state.zone for state in own if state.target and state.zone not in takes]
        zones = (*takes, *sorted(held[warning.event_id]), *going)
        if zones:
            action, reason = _change(warning, level or int(warning.level), zones, own, policy, now, going=bool(going))
        else:
            action, reason, zones = Action.CANCEL, Reason.NO_LONGER_EXCEEDED, warning.zones
        about = [states[zone] for zone in zones if zone in states] or own
        proposals.append(_proposal(hazard, about, action, reason, warning, Level(level or warning.level), zones, policy, now))
    for level in sorted(set(wanted) - set(claims.values()), reverse=True):
        about = [states[zone] for zone in wanted[level]]
        reason = min((state.reason for state in about), key=lambda reason: (reason not in _RISING, reason is not Reason.FIRST))
        proposals.append(_proposal(hazard, about, Action.NEW, reason, None, Level(level), tuple(wanted[level]), policy, now))
    idle = [state for state in states.values() if not state.target and not state.current]
    return proposals + _waiting(hazard, idle, policy, now)


def _claims(out: Sequence[InForce], states: Mapping[str, _State], held: Mapping[str, set[str]]) -> dict[str, int]:
    """event → the level it goes on with: its own while a zone of it keeps that, else the one that all its zones want.

    Where they want several, the event has no level: each zone goes over to the event of its new level, and it ends with the last.
    """
    claims: dict[str, int] = {}
    ordered = sorted(out, key=lambda warning: (-warning.level, warning.event_id))
    for warning in ordered:
        wants = {states[zone].target for zone in warning.zones if zone in states}
        if held[warning.event_id] or (warning.level in wants and warning.level not in claims.values()):
            claims[warning.event_id] = int(warning.level)
    for warning in ordered:
        wants = {states[zone].target for zone in warning.zones if zone in states} - {0}
        if warning.event_id not in claims and len(wants) == 1 and not wants & set(claims.values()):
            claims[warning.event_id] = wants.pop()
    return claims


def _change(
    warning: InForce, level: int, zones: Sequence[str], own: Sequence[_State], policy: Policy, now: datetime, *, going: bool
) -> tuple[Action, Reason]:
    if level != warning.level:
        return Action.UPDATE, Reason.PEAK_ROSE if level > warning.level else Reason.LEVEL_FELL
    if set(zones) - set(warning.zones):
        return Action.UPDATE, Reason.AREA_GREW
    if set(warning.zones) - set(zones):
        return Action.UPDATE, Reason.AREA_SHRANK
    reasons = {state.reason for state in own}
    told = Reason.MERGED if going else next((reason for reason in _TOLD_FIRST if reason in reasons), Reason.HELD_BY_HAND)
    if warning.expires - now < policy.extend_when_left:
        if any(state.draft.level is not None for state in own):
            return Action.UPDATE, Reason.EXTENDED_IN_TIME
        if told is Reason.UNKNOWN_DATA:
            return Action.UPDATE, Reason.UNKNOWN_DATA
    return Action.NOTHING, told


def _cause_to_decide(
    group: Sequence[Draft], tracks: Mapping[TrackKey, Track], policy: Policy, now: datetime
) -> list[Proposal]:
    """One proposal per level for hazards that nothing tells apart, none of which is in force."""
    ready: dict[tuple[tuple[str, int], ...], list[_State]] = {}
    idle: list[_State] = []
    for found in group:
        states = [_settle(one, None, tracks.get((one.issuer, one.hazard.key, one.zone), Track()), policy) for one in found.candidates]
        reached = tuple((state.draft.hazard.key, state.target) for state in states if state.target)
        if reached:
            ready.setdefault(reached, []).extend(state for state in states if state.target)
        else:
            idle.append(_State(zone=found.zone, target=0, current=0, reason=states[0].reason, draft=found))
    proposals = [_undecided(group[0].hazard, states, policy, now) for states in ready.values()]
    return proposals + _waiting(group[0].hazard, idle, policy, now)


def _undecided(hazard: Hazard, states: Sequence[_State], policy: Policy, now: datetime) -> Proposal:
    level = Level(max(state.target for state in states))
    zones = tuple(dict.fromkeys(state.zone for state in states))
    candidates = {state.draft.hazard.key: _candidate(state) for state in states}
    return _proposal(
        hazard, states, Action.NEW, Reason.FIRST, None, level, zones, policy, now, candidates=tuple(candidates.values())
    )


def _candidate(state: _State) -> Candidate:
    hazard = state.draft.hazard
    return Candidate(
        hazard=hazard.key, event_code=hazard.event_code, zh=hazard.zh, en=hazard.en, level=Level(state.target)
    )


def _waiting(hazard: Hazard, idle: Sequence[_State], policy: Policy, now: datetime) -> list[Proposal]:
    """Zones where nothing is in force and nothing is asked yet: waiting, or unknown; quiet ones are left out."""
    same: dict[tuple[Reason, Level | None], list[_State]] = {}
    for state in idle:
        if state.reason is not Reason.NO_CHANGE:
            same.setdefault((state.reason, state.draft.level), []).append(state)
    return [
        _proposal(hazard, states, Action.NOTHING, reason, None, level, tuple(s.zone for s in states), policy, now)
        for (reason, level), states in same.items()
    ]


def _proposal(
    hazard: Hazard,
    states: Sequence[_State],
    action: Action,
    reason: Reason,
    warning: InForce | None,
    level: Level | None,
    zones: Sequence[str],
    policy: Policy,
    now: datetime,
    *,
    candidates: tuple[Candidate, ...] = (),
) -> Proposal:
    evidence = tuple(state.draft.evidence for state in states if state.draft.evidence is not None)
    onsets = [found.onset for found in evidence if found.onset is not None]
    lives = [state.draft.validity for state in states if state.draft.validity is not None]
    previous = warning.level if warning is not None else Level(max(s.current for s in states)) if _any_current(states) else None
    sends = action in (Action.NEW, Action.UPDATE)
    issuer = warning.issuer if warning is not None else states[0].draft.issuer
    return Proposal(
        issuer=issuer,
        hazard=hazard.key,
        event_code=hazard.event_code,
        hazard_zh=hazard.zh,
        hazard_en=hazard.en,
        level=level,
        previous_level=previous,
        action=action,
        reason=reason,
        zones=tuple(zones),
        event_id=None if warning is None else warning.event_id,
        onset=min(onsets, default=None),
        expires=now + min([policy.validity, *lives]) if sends else None if warning is None else warning.expires,
        evidence=evidence,
        cause_to_decide=candidates,
        created_at=now,
    )


def _any_current(states: Iterable[_State]) -> bool:
    return any(state.current for state in states)
