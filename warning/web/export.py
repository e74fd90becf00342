"""Export: a copy of the public pages in a folder, for any web server or CDN to serve when the engine is down.

The folder is a link; each version is made beside it, whole, and the link is then turned in one step, so a reader never meets half of one.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from jinja2 import Environment

from warning.atom import feed
from warning.clock import SystemClock
from warning.errors import ConfigError
from warning.store import board
from warning.store.board import AlertView
from warning.web import sheets
from warning.web.geojson import Outlines, collection
from warning.web.links import copied, file_of
from warning.web.pages import Copy, environment
from warning.web.parts import Parts
from warning.web.public import ARCHIVE_PAGE, script_text
from warning.web.sheets import Press
from warning.web.snapshot import PublicBoard, Snapshot, parsed
from warning.web.words import CAP_LANGUAGE, Lang, say

KEPT = 2
"""Versions that are left: the one that is served, and the one that a slow reader may still be in."""
_VERSION = re.compile(r"\d{8}T\d{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """``version`` is the board's; ``folder`` holds the files, and the link points to it."""

    version: str
    folder: Path
    files: int
    until: datetime


async def export(parts: Parts, folder: Path, *, good_for: timedelta) -> Exported:
    """Write all places in both languages, what is in force, the archive, and the feeds. Raises ConfigError when the folder is not ours to turn."""
    snapshot = await PublicBoard(parts).snapshot(fresh=True)
    now, wall = parts.clock.now(), SystemClock().now()
    archived = await board.alerts(parts.database, now=now, active=False, status=parts.settings.status, limit=ARCHIVE_PAGE)
    alerts = await _named(parts, snapshot, archived)
    copy = Copy(until=wall + good_for, shown_until=now + good_for)
    made, count = await asyncio.to_thread(
        _written, folder, f"{wall:%Y%m%dT%H%M%S%f}", _files(parts, environment(), snapshot, alerts, archived, now, copy))
    return Exported(version=snapshot.version, folder=made, files=count, until=copy.until)


def _written(folder: Path, version: str, files: Iterator[tuple[str, str]]) -> tuple[Path, int]:
    """The files in a folder of their own, then the link turned to it."""
    folder = folder.absolute()
    if folder.exists() and not folder.is_symlink():
        raise ConfigError(f"{folder}: is there already and is no export of ours: name another folder, or move it away")
    store = folder.parent / f".{folder.name}-versions"
    made = store / version
    count = 0
    try:
        made.mkdir(parents=True)
        for name, content in files:
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            count += 1
        turning = folder.with_name(f".{folder.name}-turning-{os.getpid()}")
        turning.unlink(missing_ok=True)
        turning.symlink_to(os.path.relpath(made, folder.parent))
        turning.replace(folder)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror or error}; free space there, or mend its rights") from error
    for old in sorted(path for path in store.iterdir() if _VERSION.fullmatch(path.name))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return made, count


def _files(
    parts: Parts, jinja: Environment, snapshot: Snapshot, alerts: list[AlertView], archived: list[AlertView], now: datetime, copy: Copy
) -> Iterator[tuple[str, str]]:
    languages: tuple[Lang, ...] = ("zh", "en")
    for lang in languages:
        def press(path: str, lang: Lang = lang) -> Press:
            return Press(jinja=jinja, parts=parts, lang=lang, now=now, links=copied(path, lang), copy=copy)

        yield file_of("/", lang), sheets.city(press("/"), snapshot)
        for zone in parts.zones:
            path = f"/place/{zone.code}"
            yield file_of(path, lang), sheets.place(press(path), snapshot, zone)
        for alert in alerts:
            path = f"/alert/{alert.identifier}"
            yield file_of(path, lang), sheets.one(press(path), alert)
        yield file_of("/archive", lang), sheets.archive(press("/archive"), archived, older="")
    for alert in alerts:
        if not _held_back(parts, alert):
            yield f"api/alerts/{alert.identifier}.xml", alert.signed_xml or alert.cap_xml
    yield "api/alerts.geojson", collection(parts, Outlines(parts.zones), [standing.alert for standing in snapshot.in_force], now=now).decode()
    yield "api/feed.atom", _atom(parts, snapshot, now)
    yield "page.js", script_text()


async def _named(parts: Parts, snapshot: Snapshot, archived: list[AlertView]) -> list[AlertView]:
    """Every warning that some page of the copy points to."""
    found = {alert.identifier: alert for alert in (*(one.alert for one in snapshot.in_force), *snapshot.lifted, *archived)}
    for newest in {alert.newest for alert in found.values()} - set(found):
        found[newest] = await board.alert(parts.database, newest)
    return list(found.values())


def _atom(parts: Parts, snapshot: Snapshot, now: datetime) -> str:
    base = parts.settings.public_url.rstrip("/")
    views = [view for view in (*(one.alert for one in snapshot.in_force), *snapshot.lifted) if not _held_back(parts, view)]
    return feed(
        [parsed(view.cap_xml) for view in views], url=f"{base}/api/feed.atom", now=now, title=say("site", "zh"), language=CAP_LANGUAGE["zh"],
        alert_url=lambda alert: f"{base}/api/alerts/{alert.identifier}.xml",
        documents={view.identifier: view.signed_xml.encode() for view in views if view.signed_xml}).decode()


def _held_back(parts: Parts, alert: AlertView) -> bool:
    """Programs get signed documents or none, where this deployment signs."""
    return bool(alert.signing_fault) and parts.settings.signing is not None and parts.settings.signing.required
