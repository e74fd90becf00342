"""The roster desk: imports as a whole or not at all, shows to everybody his own area, and tells gaps before they matter."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from geo.zone import ZoneSet
from warning.account import Account, Act, covers, require
from warning.clock import Clock
from warning.dispatch.kind import Kinds
from warning.errors import Invalid, NotAllowed
from warning.roster.column import title_of
from warning.roster.gap import Freshness, Gap, gaps
from warning.roster.place import Place
from warning.roster.post import Post
from warning.roster.reading import Ground, Reading, read_roster
from warning.roster.score import Score, scores
from warning.roster.sheet import written


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an import did, or would do."""

    new: int
    changed: int
    ended: int


class RosterLedger(Protocol):
    async def posts(self, lane: str) -> list[Post]: ...

    async def places(self, lane: str) -> list[Place]: ...

    async def write(self, reading: Reading, *, lane: str, ending: Sequence[int], by: str, at: datetime) -> None: ...

    async def prove(self, contact_id: int, *, how: str, by: str, at: datetime) -> None: ...

    async def zone_of(self, contact_id: int) -> Sequence[str]: ...

    async def tell_gaps(self, found: Sequence[Gap], *, at: datetime) -> None: ...


class RosterDesk:
    """``lane``: the one in which this deployment issues; a drill beside it has a roster of its own. ``ways``: what call plans try."""

    def __init__(
        self, ledger: RosterLedger, *, clock: Clock, zones: ZoneSet, channels: Kinds, hazards: Mapping[str, str], ways: Collection[str],
        freshness: Freshness, allow_private: bool, lane: str, changed: Callable[[str], Awaitable[None]],
    ) -> None:
        """``changed``: told the lane whose list is another now, for those who are called by it this moment."""
        self._ledger = ledger
        self._clock = clock
        self._zones = zones
        self._channels = dict(channels)
        self._hazards = dict(hazards)
        self._ways = frozenset(ways)
        self._freshness = freshness
        self._allow_private = allow_private
        self._lane = lane
        self._changed = changed

    async def bring(
        self, files: Sequence[tuple[str, bytes]], *, account: Account, dry_run: bool = False, whole: bool = False, lane: str = "",
    ) -> tuple[Reading, Change]:
        """Read and, unless something is gravely wrong or it is a ``dry_run``, write all of it.

        A post that a file names becomes what the file says. ``whole``: the files are the complete list of the account's area; a post
        that they do not name ends. Raises NotAllowed.
        """
        require(account, Act.SUBSCRIBE)
        own(account)
        lane = self._of(lane)
        known = await self._ledger.posts(lane)
        ground = Ground(zones=self._zones, channels=self._channels, hazards=self._hazards, allow_private=self._allow_private, account=account)
        reading = read_roster(files, ground, known=known)
        named = {(post.zone, post.name) for post in reading.posts}
        there = {(post.zone, post.name) for post in known}
        ending = [post.id for post in known if whole and reading.posts and (post.zone, post.name) not in named and covers(account, [post.zone])]
        if not reading.grave and not dry_run:
            await self._ledger.write(reading, lane=lane, ending=ending, by=account.name, at=self._clock.now())
            await self._changed(lane)
            await self.look()
        return reading, Change(new=len(named - there), changed=len(named & there), ended=len(ending))

    async def posts(self, account: Account, *, lane: str = "") -> list[Post]:
        """Those of the account's own area. Raises NotAllowed."""
        own(account)
        return [post for post in await self._ledger.posts(self._of(lane)) if covers(account, [post.zone])]

    async def gaps(self, account: Account, *, lane: str = "") -> list[Gap]:
        """Of the account's own area, the worst first."""
        own(account)
        return [gap for gap in await self._gaps(self._of(lane)) if covers(account, [gap.post.zone])]

    async def scores(self, account: Account, *, lane: str = "") -> list[Score]:
        own(account)
        lane = self._of(lane)
        return [one for one in scores(await self._ledger.posts(lane), await self._ledger.places(lane)) if covers(account, [one.zone])]

    async def prove(self, contact_id: int, *, how: str, account: Account) -> None:
        """Somebody was called for a test and answered: written down with who says so."""
        if not 1 <= len(how.strip()) <= 100:
            raise Invalid("how: say in 1 to 100 characters how it was proved")
        await self.reaches(contact_id, account=account)
        await self._ledger.prove(contact_id, how=how.strip(), by=account.name, at=self._clock.now())

    async def reaches(self, contact_id: int, *, account: Account) -> None:
        """Raise NotAllowed unless the account keeps the list wherever this contact's person holds a post; NotFound."""
        require(account, Act.SUBSCRIBE)
        own(account)
        for zone in await self._ledger.zone_of(contact_id):
            require(account, Act.SUBSCRIBE, zones=[zone])

    async def export(self, account: Account, *, lane: str = "") -> bytes:
        """The list as CSV, in the form in which it is imported."""
        require(account, Act.SUBSCRIBE)
        posts = await self.posts(account, lane=lane)
        channels = [name for name in self._channels if any(one.channel == name for post in posts for person in post.people for one in person.contacts)]
        keys = ("zone", "place", "post", "kind", "order", "name", "title", *(f"@{name}" for name in channels), "hazards", "above", "expires")
        rows = []
        for post in posts:
            for number, person in enumerate(post.people, 1):
                by = {one.channel: one.address for one in person.contacts if one.active}
                until = min((one.expires.isoformat() for one in person.contacts if one.expires is not None), default="")
                rows.append((post.zone, post.place, post.name, post.kind.zh, str(number), person.name, person.title,
                             *(by.get(name, "") for name in channels), "、".join(post.hazards), post.above, until))
        return written(tuple(title_of(key) for key in keys), rows)

    async def look(self) -> list[Gap]:
        """Tell the operators what gaps there are in the deployment's own lane, and clear what is mended."""
        found = await self._gaps(self._lane)
        await self._ledger.tell_gaps(found, at=self._clock.now())
        return found

    async def _gaps(self, lane: str) -> list[Gap]:
        return gaps(await self._ledger.posts(lane), ways=self._ways, channels=self._channels, freshness=self._freshness, at=self._clock.now())

    def _of(self, lane: str) -> str:
        if lane not in ("", "actual", "exercise"):
            raise Invalid("lane: actual or exercise; empty = as this deployment issues")
        return lane or self._lane


def own(account: Account) -> None:
    """Names and telephones are shown by area: an office whose account has none sees nobody's."""
    if account.role == "office" and not account.area:
        raise NotAllowed(f"{account.name} has no area: an admin renews the account with one (account add --area)")
