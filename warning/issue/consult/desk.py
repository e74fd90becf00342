"""The consultation desk (会商): notes that several consoles see at once and nobody can take back, and reviews after the fast lane."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from warning.account import Account, Act, covers, require
from warning.clock import Clock
from warning.errors import Conflict, Invalid, NotAllowed
from warning.issue.consult.work import Note, Review, Verdict

LONGEST = 2000


class ConsultLedger(Protocol):
    async def about(self, proposal_id: UUID) -> tuple[str, tuple[str, ...]]: ...

    async def say(self, proposal_id: UUID, *, who: str, text: str, at: datetime) -> Note: ...

    async def review(self, identifier: str) -> Review: ...

    async def settle(self, identifier: str, *, who: str, verdict: Verdict, remark: str, at: datetime) -> bool: ...


class ConsultDesk:
    """Says nothing to the public; what it writes is read by whoever signs."""

    def __init__(self, ledger: ConsultLedger, *, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def say(self, proposal_id: UUID, *, text: str, account: Account) -> Note:
        """Add a note. Asked of whoever may submit such a warning and has to do with one of its zones: a city and its districts consult."""
        said = text.strip()
        if not said:
            raise Invalid("text: say something; the others read it at once")
        if len(said) > LONGEST:
            raise Invalid(f"text: {len(said)} characters are too many for a note; {LONGEST} are allowed")
        hazard, zones = await self._ledger.about(proposal_id)
        require(account, Act.SUBMIT, hazard=hazard)
        if not any(_meets(account, zone) for zone in zones):
            raise NotAllowed(f"{account.name} may act inside {account.area}, which has no part in {', '.join(zones)}")
        return await self._ledger.say(proposal_id, who=account.name, text=said, at=self._clock.now())

    async def review(self, identifier: str, *, verdict: Verdict, remark: str, account: Account) -> None:
        """The second look that the fast lane put off. Raises NotAllowed for the signer, Conflict when somebody was quicker."""
        owed = await self._ledger.review(identifier)
        require(account, Act.APPROVE, hazard=owed.hazard, zones=owed.zones)
        if account.name == owed.issued_by:
            raise NotAllowed("whoever issued it alone may not review it: ask a second person")
        if verdict is Verdict.CONTESTED and not remark.strip():
            raise Invalid("remark: say what is wrong; then update or retract the alert, which stands until you do")
        if not await self._ledger.settle(identifier, who=account.name, verdict=verdict, remark=remark.strip(), at=self._clock.now()):
            raise Conflict(f"{identifier} has been reviewed already: reload the page")


def _meets(account: Account, zone: str) -> bool:
    """The zone lies in the account's area, or the area in the zone."""
    return covers(account, [zone]) or bool(account.area) and covers(Account(name="", role="viewer", area=zone), [account.area])
