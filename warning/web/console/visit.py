"""One visit of one person to the console: who, in which language, and what happens when an act is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request
from nicegui import ui
from sqlalchemy.exc import OperationalError

from warning.account import Account, Act, acts
from warning.errors import WarningEngineError
from warning.web.auth import Session, signed_in
from warning.web.console.reading import Watch
from warning.web.parts import Parts
from warning.web.words import Lang, explained, say


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Visit:
    """Never spelled out: NiceGUI names each task after what it calls, and a visit holds every zone of the country, and the secret."""

    parts: Parts
    watch: Watch
    session: Session
    request: Request
    account: Account
    lang: Lang

    def t(self, key: str) -> str:
        return say(key, self.lang)

    @property
    def drill(self) -> bool:
        return self.parts.settings.status != "Actual"

    def can(self, act: Act) -> bool:
        """Which buttons are shown; whether the act is allowed is asked again by the desk itself."""
        return act in acts(self.account)

    async def leave(self) -> None:
        """Once the session was ended, here or elsewhere, an open page shows nothing new to whoever sits before it."""
        try:
            ended = await self.parts.trust.ended(self.session.of(self.request))
        except OperationalError:
            return  # the page says itself that the database is away
        if ended:
            self._sign_in()

    def _sign_in(self) -> None:
        ui.run_javascript(f"window.location = '/login?lang={self.lang}&ended=true'")

    async def act(self, verb: Callable[[Account], Awaitable[object]], done: str) -> bool:
        """Do it as the account that the cookie names *now*; say what came of it. A refusal changes nothing."""
        try:
            account = await signed_in(self.parts, self.session, self.request)
            if account is None:
                self._sign_in()
                return False
            await verb(account)
        except WarningEngineError as error:
            ui.notify(explained(str(error), self.lang), type="negative", position="top", multi_line=True, timeout=12_000, close_button="×")
            return False
        except OperationalError:
            ui.notify(self.t("database_away"), type="negative", position="top", timeout=12_000, close_button="×")
            return False
        ui.notify(done, type="positive", position="top")
        return True
