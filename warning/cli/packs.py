"""Looking at the packs of a deployment, and at the sites they bind to. Nothing is opened but the files."""

import json
from typing import Annotated

import typer

from warning.cli.options import AsJson, Config
from warning.configfolder import shipped_config
from warning.settings import load_settings
from warning.watch.pack import Pack, PackClass
from warning.watch.packfile import folders, load_packs
from warning.watch.rulefile import load_rule_sets
from warning.watch.site import Site, load_sites

commands = typer.Typer()


@commands.command()
def packs(
    pack: Annotated[str, typer.Argument(help="a pack's id or its beginning; empty = all")] = "", config: Config = None, json_: AsJson = False,
) -> None:
    """Print the sector packs: classes with condition, action, source and confidence, and the sites each binds to. It checks them, too: a
    fault is told with file, line and key. A pack sends after two people have signed it (POST /api/packs/ID/sign)."""
    settings = load_settings(config)
    rule_sets = load_rule_sets(own=None if settings.config is None else settings.config / "rules")
    hazards = {rule.hazard.key for rule_set in rule_sets.values() for rule in rule_set.rules}
    known = load_packs(folders(settings.config, shipped_config(), "packs"), hazards=hazards)
    sites = load_sites(folders(settings.config, shipped_config(), "sites"), real=settings.status == "Actual")
    found = [one for one in known if one.id.startswith(pack)]
    if not found:
        raise typer.BadParameter(f"no pack begins with {pack!r}; there is {', '.join(one.id for one in known)}")
    if json_:
        typer.echo(json.dumps([_as_json(one, sites) for one in found], ensure_ascii=False))
        return
    for one in found:
        bound = ", ".join(site.code for site in sites if site.kind in one.kinds) or "-"
        typer.echo(f"{one.zh}  {one.en}  ({one.id} {one.version})\n  sites: {', '.join(one.kinds)}: {bound}")
        for own in one.classes:
            flags = " ".join(filter(None, ["unconfirmed" if own.unconfirmed else "", "manual" if own.manual else ""]))
            typer.echo(f"  {own.key:<18} {_asked(own)}  [{own.confidence}] {flags}\n      {own.action_zh} {own.action_en}\n      {own.source.zh} {own.source.en}")


def _asked(own: PackClass) -> str:
    parts = [] if own.rule is None else [f"{own.rule.criterion} within {own.rule.lead.total_seconds() / 3600:g} h"]
    parts += [] if own.chain is None else [str(own.chain)]
    return " and ".join(parts) or ("" if own.manual is None else f"({own.manual.en})")


def _as_json(one: Pack, sites: tuple[Site, ...]) -> dict[str, object]:
    return {
        "id": one.id, "zh": one.zh, "en": one.en, "sector": one.sector, "version": one.version, "digest": one.digest,
        "site_kinds": list(one.kinds), "sites": [site.code for site in sites if site.kind in one.kinds],
        "classes": [
            {"key": own.key, "zh": own.zh, "en": own.en, "asked": _asked(own), "action_zh": own.action_zh, "action_en": own.action_en,
             "source": own.source.model_dump(), "confidence": own.confidence, "unconfirmed": own.unconfirmed,
             "manual": None if own.manual is None else own.manual.model_dump()}
            for own in one.classes],
    }
