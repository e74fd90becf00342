"""The drill on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from warning.cli.options import AsJson, run
from warning.demo.run import DemoOptions, run_demo

commands = typer.Typer()


@commands.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="run to the end without a browser, then stop")] = False,
    json_: AsJson = False,
    residents: Annotated[int, typer.Option(min=0, help="how many residents to draw from the 2020 census")] = 100_000,
    seed: Annotated[int, typer.Option(help="seed of the synthetic fields and of the residents")] = 20240920,
    speed: Annotated[float, typer.Option(min=1, help="headed: virtual seconds per real second")] = 120.0,
    port: Annotated[int, typer.Option(help="port of page, console and API; 0 = any free one")] = 8000,
    data: Annotated[Path, typer.Option(help="folder of this demo; give another to run two side by side")] = Path("var/demo"),
    start: Annotated[str, typer.Option(help="first cycle, Beijing time, e.g. 2024-09-19T20:00")] = "",
    end: Annotated[str, typer.Option(help="last cycle, Beijing time")] = "",
    step: Annotated[int, typer.Option(min=10, help="minutes between two cycles, a multiple of 10")] = 10,
) -> None:
    """Replay Pulasan (18–20 Sept 2024) through the whole corridor, as a drill with sinks of its own."""
    options = DemoOptions(
        once=once, as_json=json_, residents=residents, seed=seed, speed=speed, port=port, data=data, start=start, end=end, step=step)
    run(run_demo(options))
