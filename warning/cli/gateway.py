"""A text-message gateway to try a channel against, before the operator's own is there."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from channels.wire.gateways import KINDS, gateway
from channels.wire.smsc import Faults, Smsc
from warning.cli.options import run

commands = typer.Typer()


@commands.command(name="sms-gateway")
def sms_gateway(
    kind: Annotated[str, typer.Option(help=f"the channel kind it serves: {', '.join(KINDS)} (cmpp3 = version 3.0)")] = "sms",
    port: Annotated[int, typer.Option(help="TCP port on 127.0.0.1; 0 takes a free one and prints it")] = 0,
    rate: Annotated[float, typer.Option(help="answer \"slow down\" above so many parts a second; 0 = never")] = 0.0,
    slow: Annotated[float, typer.Option(help="hold each answer back for so many seconds")] = 0.0,
    black_hole: Annotated[bool, typer.Option("--black-hole", help="accept everything and report nothing")] = False,
    mute: Annotated[bool, typer.Option("--mute", help="never answer a submit")] = False,
    disorder: Annotated[bool, typer.Option("--disorder", help="send each report twice, newest first, and strangers' reports between")] = False,
    report_port: Annotated[int, typer.Option(help="sgip only: the channel's listen_port, where reports are taken")] = 0,
    report_login: Annotated[str, typer.Option(help="sgip only: NAME:PASSWORD for the login there (listen_name, listen_password)")] = ":",
) -> None:
    """Run a drill gateway on this machine until Ctrl-C: it lets everyone in, accepts texts, reports them delivered, and fails as asked.

    It sends nothing to anybody. Example: xiaoxishu sms-gateway --kind cmpp --port 7890 --rate 2000
    """
    if kind not in KINDS:
        raise typer.BadParameter(f"there is no gateway of kind {kind!r}; there is {', '.join(KINDS)}", param_hint="--kind")
    name, _, password = report_login.partition(":")
    faults = Faults(rate_per_s=rate, slow_s=slow, black_hole=black_hole, mute=mute, repeat_reports=int(disorder), reorder_reports=disorder,
                    foreign_reports=disorder)
    run(_serve(gateway(kind, now=lambda: datetime.now(UTC), faults=faults, keep=0,
                       report_to=("127.0.0.1", report_port, name, password) if report_port else None), kind, port))


async def _serve(smsc: Smsc, kind: str, port: int) -> None:
    typer.echo(f"{kind} gateway on 127.0.0.1:{await smsc.start(port=port)}; Ctrl-C ends it")
    told = -1
    try:
        while True:
            await asyncio.sleep(1.0)
            if smsc.received != told:
                told = smsc.received
                typer.echo(f"parts accepted {smsc.received} of {smsc.submits}, reports sent {smsc.reports_sent}, acknowledged {smsc.acks}")
    finally:
        await smsc.stop()
