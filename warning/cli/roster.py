"""The roster on the command line: bring it in, look for gaps, see how far the standard is met."""

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer

from warning.account import Account
from warning.app import opened
from warning.cli.options import AsJson, Config, run
from warning.office.proof import Sent
from warning.roster.fault import Lang
from warning.roster.score import MARKS
from warning.settings import Settings, load_settings

commands = typer.Typer(help="Who must be called: duty posts, people, shifts, and the ways to reach them.", no_args_is_help=True)

Lane = Annotated[str, typer.Option(help="actual or exercise; empty = as this deployment issues")]
English = Annotated[bool, typer.Option("--en", help="the report in English")]


@commands.command("import")
def roster_import(
    files: Annotated[list[Path], typer.Argument(help="CSV or Excel files: people, shifts, places; a header says which", exists=True, dir_okay=False)],
    config: Config = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read and report, change nothing")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="the files are the complete list: a post that they do not name ends")] = False,
    lane: Lane = "", en: English = False, json_: AsJson = False,
) -> None:
    """Bring a roster in, all of it or nothing: what is wrong is told with row, column and how it is mended. Exit code 1 when nothing was imported."""
    run(_import(load_settings(config), [(path.name, path.read_bytes()) for path in files], dry_run, whole, lane, "en" if en else "zh", json_))


@commands.command("check")
def roster_check(config: Config = None, lane: Lane = "", en: English = False, json_: AsJson = False) -> None:
    """Print the gaps: posts that nobody can reach, empty shifts, contacts that are old, expired or never proved. Exit code 1 when there are any."""
    run(_check(load_settings(config), lane, "en" if en else "zh", json_))


@commands.command("test")
def roster_test(
    contact: Annotated[list[int] | None, typer.Option(help="the number of a contact, as `roster check --json` gives it; may be repeated")] = None,
    config: Config = None, lane: Lane = "", json_: AsJson = False,
) -> None:
    """Send a test message to people on the list: to every contact whose proof is missing, too old or soon too old, or to those that are named.

    The serving process sends it; it says that it is a test and no warning. Whoever answers it (link, key, reply) has proved his contact.
    A contact gets one in ten minutes, an account asks for 200 in an hour. Exit code 1 when some were left out.
    """
    run(_test(load_settings(config), contact or [], lane, json_))


@commands.command("score")
def roster_score(config: Config = None, lane: Lane = "", json_: AsJson = False) -> None:
    """Print for every street and village which of 有职责, 有设施, 有制度, 有名录 it has: 0 to 4 points."""
    run(_score(load_settings(config), lane, json_))


@commands.command("export")
def roster_export(
    file: Annotated[Path, typer.Argument(help="the CSV file to write; it can be imported again")], config: Config = None, lane: Lane = "",
) -> None:
    """Write the people as CSV that Excel opens; no cell of it is run as a formula. It holds telephone numbers: it is readable by you alone."""
    run(_export(load_settings(config), lane, content := bytearray()))
    file.touch(mode=0o600)
    file.write_bytes(content)
    people = content.count(b"\r\n") - 1
    typer.echo(f"{people} people in {file}")


async def _import(settings: Settings, files: list[tuple[str, bytes]], dry_run: bool, whole: bool, lane: str, lang: Lang, json_: bool) -> int:
    async with opened(settings, channels=False) as parts:
        reading, change = await parts.rosters.bring(files, account=_me(), dry_run=dry_run, whole=whole, lane=lane)
    done = not reading.grave and not dry_run
    if json_:
        typer.echo(json.dumps({
            "imported": done, "rows": reading.rows, "new": change.new, "changed": change.changed, "ended": change.ended,
            "faults": [{"sheet": one.sheet, "row": one.row, "column": one.column, "grave": one.grave, "what": one.what(lang), "mend": one.mend(lang)}
                       for one in reading.faults]}, ensure_ascii=False))
    else:
        for fault in reading.faults:
            typer.echo(("✗ " if fault.grave else "! ") + fault.line(lang))
        typer.echo(f"{reading.rows} rows: {change.new} posts new, {change.changed} renewed, {change.ended} ended" + ("" if done else "; NOTHING is imported"
                   + (" (dry run)" if dry_run and not reading.grave else ": mend what is marked ✗ and import again")))
    return 1 if reading.grave else 0


async def _check(settings: Settings, lane: str, lang: Lang, json_: bool) -> int:
    async with opened(settings, channels=False) as parts:
        found = await parts.rosters.gaps(_me(), lane=lane)
    if json_:
        typer.echo(json.dumps([{"gap": gap.kind.value, "zone": gap.post.zone, "post": gap.post.title, "person": gap.person, "detail": gap.detail, "contact": gap.contact_id}
                               for gap in found], ensure_ascii=False))
    else:
        for gap in found:
            chinese = lang == "zh"
            typer.echo(f"{gap.post.zone}  {gap.post.title}  {gap.person}  {gap.kind.words(chinese=chinese)} {gap.detail}: {gap.kind.mend(chinese=chinese)}")
        typer.echo(f"{len(found)} gaps")
    return 1 if found else 0


async def _test(settings: Settings, contacts: list[int], lane: str, json_: bool) -> int:
    async with opened(settings, channels=False) as parts:
        if contacts:
            for number in contacts:
                await parts.proofs.test(number, account=_me())
            done = Sent(asked=tuple(contacts), held_back=())
        else:
            done = await parts.proofs.test_all(_me(), lane=lane)
    if json_:
        typer.echo(json.dumps({"asked": list(done.asked), "held_back": [{"contact": number, "why": why} for number, why in done.held_back]}, ensure_ascii=False))
    else:
        for number, why in done.held_back:
            typer.echo(f"! contact {number}: {why}")
        typer.echo(f"{len(done.asked)} tests are sent by the serving process; who answers is seen with `roster check` and at /console/roster")
    return 1 if done.held_back else 0


async def _score(settings: Settings, lane: str, json_: bool) -> None:
    async with opened(settings, channels=False) as parts:
        found = await parts.rosters.scores(_me(), lane=lane)
    for one in found:
        marks = {key: bool(getattr(one, key)) for key, _, _ in MARKS}
        if json_:
            typer.echo(json.dumps({"zone": one.zone, "name": one.name, "level": one.level.value, "points": one.points, **marks}, ensure_ascii=False))
        else:
            typer.echo(f"{one.points}/4  {one.zone}  {one.name}  " + " ".join(f"{'✓' if marks[key] else '✗'}{zh}" for key, zh, _ in MARKS))


async def _export(settings: Settings, lane: str, content: bytearray) -> None:
    async with opened(settings, channels=False) as parts:
        content += await parts.rosters.export(_me(), lane=lane)


def _me() -> Account:
    """Who may run commands on the machine keeps the machine."""
    return Account(name=f"{getpass.getuser()} on the machine", role="admin")
