"""The trust desk: log-in and sessions, second factors, keys for programs, admin acts that need two people."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from warning.account import ROLES, Account, Act, acts, new_token, require, token_hash
from warning.errors import Conflict, Invalid, NotAllowed, TooMany
from warning.trust.browser import known, new_word
from warning.trust.factor import new_factor, step_of
from warning.trust.password import hashed, nobody, outdated, verified, weakness
from warning.trust.seal import Seal
from warning.trust.work import AdminAct, AdminRequest, Credential, Key, OpenSession

_REFUSED = "name, password or code is wrong"
"""One sentence for everything: which of them it was is nobody's business but the owner's."""

KEY_DAYS = 365


class TrustLedger(Protocol):
    async def real_now(self) -> datetime: ...

    async def locked_s(self, keys: Sequence[str]) -> float: ...

    async def took(self, key: str) -> float: ...

    async def failed(self, keys: Sequence[str]) -> None: ...

    async def succeeded(self, keys: Sequence[str]) -> None: ...

    async def credential(self, name: str) -> Credential | None: ...

    async def by_token(self, token_hash: str) -> Credential | None: ...

    async def set_password(self, name: str, kept: str, *, by: str | None) -> None: ...

    async def set_factor(self, name: str, sealed: str, *, confirmed: bool) -> None: ...

    async def use_step(self, name: str, step: int) -> bool: ...

    async def open_session(self, token_hash: str, name: str, *, client: str) -> None: ...

    async def session_of(self, token_hash: str) -> Account | None: ...

    async def session_ended(self, token_hash: str) -> bool: ...

    async def end_session(self, token_hash: str) -> None: ...

    async def sessions(self, name: str) -> list[OpenSession]: ...

    async def end_sessions(self, name: str, *, but: str = "") -> int: ...

    async def add_key(self, name: str, key_hash: str, label: str, scopes: Sequence[Act], *, days: int) -> None: ...

    async def keys(self, name: str) -> list[Key]: ...

    async def end_key(self, name: str, key_id: UUID) -> None: ...

    async def ask(self, act: AdminAct, new: Account, *, by: str) -> UUID: ...

    async def waiting(self) -> list[AdminRequest]: ...

    async def decide(self, request_id: UUID, *, by: str, confirmed: bool) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session just opened. ``token`` is for the cookie and kept nowhere else; ``account`` is whose it is; ``browser`` is the word by which this
    browser is known again, empty when nothing was proved by a password."""

    token: str
    account: Account
    browser: str = ""


class TrustDesk:
    """Times are the database's real clock: a drill's virtual hours end no session."""

    def __init__(self, ledger: TrustLedger, *, seal: Seal, secrets: Sequence[str]) -> None:
        """``seal``: of the second factors. ``secrets``: the deployment's, the one in use first."""
        self._ledger = ledger
        self._seal = seal
        self._secrets = secrets

    async def log_in(self, name: str, password: str, code: str, *, client: str, peer: str, browser: str = "") -> Opened:
        """With name, password and, where one is set, a code. Raises NotAllowed in one sentence, TooMany with a pause.

        Wrong tries are counted for the name and for the ``peer`` (its address), so that neither many names from one place nor one
        name from many places can be tried fast. A ``browser`` in which this name has signed in before has a count of its own instead: a stranger
        who locks the name, or the address they share, locks out nobody who has been here.
        """
        mine = known(browser, name, secrets=self._secrets)
        count = f"name {name}" if mine is None else f"browser {mine}"
        if mine is None:
            await self._unlocked((f"peer {peer}",))
        await self._try(count)
        found = await self._ledger.credential(name)
        kept = found.password if found is not None and found.password else await asyncio.to_thread(nobody)
        right = await asyncio.to_thread(verified, kept, password)
        if found is None or not found.password or not right or not await self._factor_fits(found, code):
            if mine is None:
                await self._ledger.failed((f"peer {peer}",))
            raise NotAllowed(_REFUSED)
        await self._ledger.succeeded((count,))
        if outdated(found.password):
            await self._ledger.set_password(name, await asyncio.to_thread(hashed, password), by=None)
        opened = await self._opened(found.account, client)
        return replace(opened, browser=browser if mine is not None else new_word(name, secret=self._secrets[0]))

    async def log_in_with_token(self, token: str, *, client: str, peer: str) -> Opened:
        """With the token that an admin handed over, until a password is set; afterwards it is for programs only."""
        keys = (f"peer {peer}",)
        await self._unlocked(keys)
        found = await self._ledger.by_token(token_hash(token))
        if found is None:
            await self._ledger.failed(keys)
            raise NotAllowed("this token is not known, or was withdrawn")
        if found.password:
            raise NotAllowed("this account has a password: sign in with it")
        return await self._opened(found.account, client)

    async def log_in_as(self, name: str, *, client: str) -> Opened:
        """After an identity provider has vouched for ``name``. Raises NotAllowed when no account has that name."""
        found = await self._ledger.credential(name)
        if found is None:
            raise NotAllowed("the identity provider knows you, this deployment does not: an admin adds the account")
        return await self._opened(found.account, client)

    async def who(self, token: str) -> Account | None:
        """The account of a session that lives; every look renews its idle time."""
        return await self._ledger.session_of(token_hash(token)) if token else None

    async def ended(self, token: str) -> bool:
        """Whether somebody has ended the session: signed out, elsewhere too, or the account was renewed or withdrawn. A session that has merely run
        out is not: a wall of a duty room goes on showing what it shows, and lets nobody act. Looking does not keep it awake."""
        return await self._ledger.session_ended(token_hash(token))

    async def log_out(self, token: str) -> None:
        await self._ledger.end_session(token_hash(token))

    async def sessions(self, account: Account) -> list[OpenSession]:
        return await self._ledger.sessions(account.name)

    async def end_other_sessions(self, account: Account, *, token: str) -> int:
        """All but the one that asks; returns how many."""
        return await self._ledger.end_sessions(account.name, but=token_hash(token))

    async def change_password(self, account: Account, *, old: str, new: str, token: str, peer: str) -> None:
        """The old one is asked for when there is one; every other session ends. Raises Invalid naming the weakness, TooMany with a pause: a
        stolen session guesses no faster than a stranger at the log-in."""
        found = await self._credential(account)
        if found.password:
            await self._may_try(f"name {account.name}", peer)
            if not await asyncio.to_thread(verified, found.password, old):
                await self._ledger.failed((f"peer {peer}",))
                raise NotAllowed("the present password is wrong")
            await self._ledger.succeeded((f"name {account.name}",))
        weak = weakness(new, name=account.name)
        if weak:
            raise Invalid(weak)
        await self._ledger.set_password(account.name, await asyncio.to_thread(hashed, new), by=account.name)
        await self._ledger.end_sessions(account.name, but=token_hash(token))

    async def has(self, account: Account) -> tuple[bool, bool]:
        """Whether a password is set, whether a second factor is."""
        found = await self._credential(account)
        return bool(found.password), found.factor_confirmed

    async def begin_factor(self, account: Account) -> str:
        """A new secret for an authenticator app; it counts once a code of it was shown."""
        found = await self._credential(account)
        if found.factor_confirmed:
            raise Conflict("a second factor is set already; an admin renews the account when the phone is lost")
        secret = self._seal.open(found.factor) if found.factor else new_factor()
        if not found.factor:
            await self._ledger.set_factor(account.name, self._seal.close(secret), confirmed=False)
        return secret

    async def confirm_factor(self, account: Account, code: str, *, peer: str) -> None:
        """Raises Invalid for a code that is not the present one, TooMany after some of them."""
        found = await self._credential(account)
        if not found.factor or found.factor_confirmed:
            raise Conflict("begin with a new second factor")
        await self._may_try(f"factor {account.name}", peer)
        step = step_of(self._seal.open(found.factor), code, await self._ledger.real_now())
        if step is None or not await self._ledger.use_step(account.name, step):
            raise Invalid("code: this is not the app's present code; check that the phone's clock is right")
        await self._ledger.succeeded((f"factor {account.name}",))
        await self._ledger.set_factor(account.name, found.factor, confirmed=True)

    async def make_key(self, account: Account, *, label: str, scopes: Sequence[Act], days: int = KEY_DAYS) -> str:
        """A key for a program, never with more rights than its account; shown once. Raises Invalid for a right the account lacks."""
        _no_key(account)
        if not scopes:
            raise Invalid("scopes: name at least one; a key that may do nothing is of no use")
        beyond = [scope for scope in scopes if scope not in acts(account)]
        if beyond:
            raise Invalid(f"scopes: {account.name} may not {', '.join(beyond)}, so a key of it may not either")
        token = new_token()
        await self._ledger.add_key(account.name, token_hash(token), label, scopes, days=days)
        return token

    async def keys(self, account: Account) -> list[Key]:
        _no_key(account)
        return await self._ledger.keys(account.name)

    async def end_key(self, account: Account, key_id: UUID) -> None:
        _no_key(account)
        await self._ledger.end_key(account.name, key_id)

    async def ask(self, act: AdminAct, new: Account, *, account: Account) -> UUID:
        """One admin asks for an account to be added, renewed or withdrawn; nothing changes yet."""
        require(account, Act.ADMINISTER)
        if new.role not in ROLES:
            raise Invalid(f"role: {new.role!r} is none of {', '.join(ROLES)}")
        return await self._ledger.ask(act, new, by=account.name)

    async def waiting(self, *, account: Account) -> list[AdminRequest]:
        require(account, Act.ADMINISTER)
        return await self._ledger.waiting()

    async def decide(self, request_id: UUID, *, account: Account, confirmed: bool) -> str | None:
        """Another admin confirms or refuses; of a new account the token is returned, once. The one who asked may only take it back."""
        require(account, Act.ADMINISTER)
        asked = next((one for one in await self._ledger.waiting() if one.id == request_id), None)
        if asked is None:
            raise Conflict("this request is settled already, or is none")
        if confirmed and asked.asked_by == account.name:
            raise NotAllowed("who asked may not confirm: a second admin does")
        return await self._ledger.decide(request_id, by=account.name, confirmed=confirmed)

    async def _may_try(self, key: str, peer: str) -> None:
        """One try more at ``key``, counted before its answer is known; raises TooMany with a pause. A wrong one is counted for the peer
        afterwards: forty people behind one proxy who sign in at the same moment do not stand in each other's way."""
        await self._unlocked((f"peer {peer}",))
        await self._try(key)

    async def _try(self, key: str) -> None:
        pause = await self._ledger.took(key)
        if pause > 0:
            raise TooMany("too many wrong log-ins", retry_after_s=pause)

    async def _unlocked(self, keys: Sequence[str]) -> None:
        pause = await self._ledger.locked_s(keys)
        if pause > 0:
            raise TooMany("too many wrong log-ins", retry_after_s=pause)

    async def _factor_fits(self, found: Credential, code: str) -> bool:
        if not found.factor_confirmed:
            return True
        step = step_of(self._seal.open(found.factor), code, await self._ledger.real_now())
        return step is not None and await self._ledger.use_step(found.account.name, step)

    async def _opened(self, account: Account, client: str) -> Opened:
        token = new_token()
        await self._ledger.open_session(token_hash(token), account.name, client=client)
        return Opened(token=token, account=account)

    async def _credential(self, account: Account) -> Credential:
        found = await self._ledger.credential(account.name)
        if found is None:
            raise NotAllowed(f"{account.name} may not act any more")
        return found


def _no_key(account: Account) -> None:
    """A key that leaked must not be able to make others or end those that work."""
    if account.scopes:
        raise NotAllowed("a key with scopes manages no keys: use the account itself")
