"""The scripted people: a forecaster who submits and an approver who signs, through the same API as everybody."""

import time
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(kw_only=True)
class ScriptedPeople:
    """Two accounts marked ``scripted``; ``waited_s`` is the time they take on purpose, reported apart."""

    http: httpx.AsyncClient
    forecaster: str
    approver: str
    waited_s: float = 0.0
    signed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def sign(self) -> int:
        """Submit and approve everything that waits; returns how many alerts were issued."""
        issued = 0
        started = time.monotonic()
        for proposal in await self._waiting("open"):
            changes: dict[str, object] = {}
            candidates = [candidate["hazard"] for candidate in proposal["body"].get("cause_to_decide") or ()]
            if candidates:
                # The storm of the drill is Pulasan: where data cannot tell a gale from a typhoon, the person does.
                changes["hazard"] = "typhoon" if "typhoon" in candidates else candidates[0]
            answer = await self.http.post(
                f"/api/proposals/{proposal['id']}/submit", headers=_bearer(self.forecaster),
                json={"revision": proposal["revision"], "changes": changes})
            self._note(answer)
        for proposal in await self._waiting("submitted"):
            answer = await self.http.post(
                f"/api/proposals/{proposal['id']}/approve", headers=_bearer(self.approver), json={"revision": proposal["revision"]})
            if answer.is_success:
                self.signed.append(answer.json()["identifier"])
                issued += 1
            else:
                self._note(answer)
        self.waited_s += time.monotonic() - started
        return issued

    async def _waiting(self, status: str) -> list[dict[str, Any]]:
        answer = await self.http.get("/api/proposals", params={"status": status}, headers=_bearer(self.approver))
        answer.raise_for_status()
        found: list[dict[str, Any]] = [one for one in answer.json() if one["status"] == status]
        return found

    def _note(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            self.refused.append(f"{answer.request.url.path}: {answer.status_code} {answer.json().get('detail', '')}")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
