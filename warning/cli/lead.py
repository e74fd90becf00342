"""The lead that moving the rain on gains, on the command line."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from geo.shanghai import shanghai_zones
from warning.demo.history import BEIJING
from warning.demo.lead import gains, render
from warning.demo.pulasan import SEED, generate
from warning.errors import Invalid
from warning.watch.issuer import load_issuers
from warning.watch.rulefile import load_rule_sets

commands = typer.Typer()
_SET = "shanghai-2019"


@commands.command()
def lead(
    start: Annotated[str, typer.Option(help="first cycle, Beijing time")] = "2024-09-19T23:00",
    end: Annotated[str, typer.Option(help="last cycle, Beijing time")] = "2024-09-20T03:00",
    seed: Annotated[int, typer.Option(help="seed of the synthetic fields")] = SEED,
) -> None:
    """How much earlier each level of rainstorm is read when the rain of the drill's event is moved on for two hours.

    Illustrative: the fields are synthetic. How proposals stand to the published signals, `xiaoxishu demo --once` prints.
    """
    rule_sets = load_rule_sets()
    issuers = [issuer for issuer in load_issuers(rule_sets=rule_sets) if issuer.rule_set == _SET]
    with tempfile.TemporaryDirectory(prefix="xiaoxishu-lead-") as folder:
        files = generate(Path(folder), seed=seed, start=_moment(start), end=_moment(end), step=timedelta(minutes=10))
        typer.echo(render(gains(files, zones=tuple(shanghai_zones()), issuers=issuers, rule_set=rule_sets[_SET])))


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Invalid(f"{text!r} is no time; write e.g. 2024-09-19T23:00 (Beijing time)") from error
