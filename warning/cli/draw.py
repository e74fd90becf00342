"""Drawing: the fields of a file as maps."""

import json
from pathlib import Path
from typing import Annotated

import typer

from feeds.format import read
from feeds.override import load as load_overrides
from geo.field import GridField
from geo.picture_layer import Extent
from geo.portrait import portrait
from geo.shanghai import shanghai_zones
from warning.cli.options import AsJson, Config
from warning.configfolder import config_file
from warning.settings import load_settings

commands = typer.Typer()


@commands.command(name="map")
def map_(
    file: Annotated[Path, typer.Argument(help="a GRIB, NetCDF or MICAPS file", exists=True)],
    variable: Annotated[str, typer.Option(help="our name of the variable, as `xiaoxishu fields` prints it")] = "rain",
    threshold: Annotated[float | None, typer.Option(help="only the probabilities of passing this threshold")] = None,
    extent: Annotated[str, typer.Option(help="west,south,east,north in degrees; e.g. 115,25,128,37 is East China")] = "115,25,128,37",
    out: Annotated[Path, typer.Option(help="folder for the PNG files")] = Path("maps"),
    config: Config = None, json_: AsJson = False,
) -> None:
    """Draw the fields of a variable as PNG maps, one a field, and print what each says within the window.

    A probability about which something is suspicious is drawn as unknown, never as "no hazard", and the doubt is printed.
    """
    window = _extent(extent)
    overrides = load_overrides(config_file(load_settings(config), "overrides.yaml"))
    found = [
        one for one in read(file, source="file", overrides=overrides)
        if isinstance(one, GridField) and one.variable == variable and (threshold is None or one.threshold == threshold)
    ]
    if not found:
        which = variable if threshold is None else f"{variable} with the threshold {threshold:g}"
        raise typer.BadParameter(f"{file.name} holds no field of {which}; `xiaoxishu fields {file.name}` prints what it holds")
    borders = [zone.geometry for zone in shanghai_zones().at("city")]
    out.mkdir(parents=True, exist_ok=True)
    for number, field in enumerate(found, start=1):
        drawn = portrait(field, window, title=file.name, borders=borders)
        path = out / f"{variable}_{number:02d}.png"
        path.write_bytes(drawn.png)
        if json_:
            typer.echo(json.dumps({
                "file": str(path), "variable": variable, "statistic": field.statistic, "threshold": field.threshold,
                "threshold_units": field.threshold_units, "units": field.units, "min": drawn.lowest, "max": drawn.highest,
                "unknown": drawn.highest is None, "doubts": list(drawn.doubts)}, ensure_ascii=False))
            continue
        says = "unknown" if drawn.highest is None else f"max {drawn.highest:.1f} {field.units}"
        limit = "" if field.threshold is None else f" ≥ {field.threshold:g} {field.threshold_units}"
        typer.echo(f"{path}  {field.statistic} {variable}{limit}: {says}{''.join(f'; {doubt}' for doubt in drawn.doubts)}")


def _extent(text: str) -> Extent:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        return Extent(west=west, south=south, east=east, north=north)
    except ValueError as error:
        raise typer.BadParameter(f"--extent {text!r}: {error}; write west,south,east,north such as 115,25,128,37") from error
