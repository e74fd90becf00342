"""The plug-in for other people's platforms: what is in force in an area, as one script tag, a frame, or JSON to be asked for."""

from datetime import datetime
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel

from warning.errors import NotFound
from warning.watch.promise import FeedState
from warning.web.auth import Here
from warning.web.overview import words
from warning.web.pages import render
from warning.web.parts import Parts
from warning.web.problem import Problem
from warning.web.related import ancestors
from warning.web.snapshot import PublicBoard, Standing
from warning.web.words import Lang, hazard_name, level_word, zone_name

router = APIRouter(tags=["public"])

_OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
"""What is public anyway; no cookie counts here. Not kept by any cache, because its age is what it is trusted by."""
MOST = 200

Area = Annotated[str, Query(max_length=2000, pattern=r"^[0-9A-Za-z_.,-]*$", description="zone codes, by comma; empty = the whole deployment")]


class Both(BaseModel):
    """The same in both languages."""

    zh: str
    en: str


class PluginAlert(BaseModel):
    identifier: str
    version: int
    hazard: str
    hazard_name: Both
    level: str
    level_name: Both
    headline: Both
    instruction: Both
    areas: Both
    sent: datetime
    expires: datetime
    url: str


class PluginOut(BaseModel):
    """``generated_at`` is the engine's clock: count ages from it. ``blind_since``: every source of data is silent since then, so an empty list
    says nothing; ``drill``: nothing of this is real. No answer, or an old one, is not an all-clear either.
    """

    generated_at: datetime
    status: str
    drill: bool
    area: Both
    blind_since: datetime | None
    silent_sources: int
    alerts: list[PluginAlert]


@router.get("/api/plugin.json", summary="What is in force in an area, for other people's screens", responses={404: {"model": Problem}})
async def plugin_json(parts: Here, request: Request, area: Area = "") -> Response:
    """Strongest first, then newest; at most 200. May be asked from any page, every few seconds."""
    public: PublicBoard = request.app.state.public
    snapshot = await public.snapshot()
    codes = [code for code in area.split(",") if code]
    for code in codes:
        if code not in parts.zones.by_code:
            raise NotFound(f"no zone {code}; GET /api/zones.geojson lists them")
    found: dict[str, Standing] = {}
    for standing in snapshot.in_force if not codes else [s for code in codes for s in snapshot.concerning(code, ancestors(parts.zones, code))]:
        found[standing.alert.identifier] = standing
    now = parts.clock.now()
    in_force = sorted((s for s in found.values() if s.alert.expires > now), key=lambda s: (-s.alert.level, -s.alert.sent.timestamp()))
    blind_since, silent = await _blindness(parts, now)
    body = PluginOut(
        generated_at=now, status=parts.settings.status, drill=parts.settings.status != "Actual", blind_since=blind_since, silent_sources=silent,
        area=Both(zh="、".join(zone_name(parts.zones, code, "zh") for code in codes), en=", ".join(zone_name(parts.zones, code, "en") for code in codes)),
        alerts=[_alert(parts, standing) for standing in in_force[:MOST]])
    return JSONResponse(body.model_dump(mode="json"), headers=_OPEN)


@router.get("/plugin", include_in_schema=False)
async def frame(parts: Here, request: Request, area: Area = "", lang: Annotated[Lang, Query()] = "zh") -> HTMLResponse:
    """The same in a frame. Which pages may hold it, the setting ``plugin: frame_ancestors`` says."""
    ancestors_ = " ".join(parts.settings.plugin.frame_ancestors) or "'none'"
    content = render(request.app.state.jinja, parts, "plugin.html", lang, parts.clock.now(), area=area)
    return HTMLResponse(content, headers={"Cache-Control": "no-cache", "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {ancestors_}")})


@router.get("/plugin.js", include_in_schema=False)
async def script() -> Response:
    return Response((files("warning.web") / "templates" / "plugin.js").read_text(encoding="utf-8"), media_type="text/javascript",
                    headers={"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"})


async def _blindness(parts: Parts, now: datetime) -> tuple[datetime | None, int]:
    """Since when no source of data brings anything (None while one does, or where none is configured), and how many are silent."""
    standings = await parts.feeds.standings(now=now)
    silent = [one for one in standings if one.state is FeedState.SILENT]
    if not standings or len(silent) < len(standings):
        return None, len(silent)
    return max((one.fed_at or one.since or now) for one in silent), len(silent)


def _alert(parts: Parts, standing: Standing) -> PluginAlert:
    alert = standing.alert
    chinese, english = words(standing.cap, "zh"), words(standing.cap, "en")

    def areas(lang: Lang) -> str:
        return ("、" if lang == "zh" else ", ").join(zone_name(parts.zones, code, lang) for code in alert.zones[:20])

    return PluginAlert(
        identifier=alert.identifier, version=alert.version, hazard=alert.hazard, level=alert.level.key, sent=alert.sent, expires=alert.expires,
        hazard_name=Both(zh=hazard_name(parts.rule_sets, alert.hazard, "zh"), en=hazard_name(parts.rule_sets, alert.hazard, "en")),
        level_name=Both(zh=level_word(alert.level, "zh"), en=level_word(alert.level, "en")),
        headline=Both(zh=chinese.headline, en=english.headline), instruction=Both(zh=chinese.instruction, en=english.instruction),
        areas=Both(zh=areas("zh"), en=areas("en")), url=f"{parts.settings.public_url.rstrip('/')}/alert/{alert.identifier}")
