"""Rule table: a rule set as typed rows for JSON and as aligned plain text, with the flags a reader must see."""

import unicodedata
from dataclasses import dataclass

from warning.watch.rule import Rule, RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One rule as words and numbers; ``condition`` is "" when a person decides, and ``manual_zh``, ``manual_en`` then say why."""

    row: str
    hazard: str
    hazard_zh: str
    hazard_en: str
    event_code: str
    level: str
    lead_h: float
    condition: str
    manual_zh: str
    manual_en: str
    unconfirmed: bool
    inherited: str
    variant: str
    confidence: str
    source_zh: str
    source_en: str
    note: str


def rows(rule_set: RuleSet) -> list[TableRow]:
    """Every row in the order of the file, the variants at the end."""
    return [_row(rule) for rule in (*rule_set.rules, *rule_set.variants)]


def table(rule_set: RuleSet) -> str:
    """Aligned columns for a terminal; Chinese characters take two places. Flags: manual, unconfirmed, inherited, variant."""
    lines = [("hazard", "code", "level", "lead", "condition", "conf", "flags")]
    for row in rows(rule_set):
        flags = [
            "manual" if row.manual_en else "",
            "unconfirmed" if row.unconfirmed else "",
            f"inherited:{row.inherited}" if row.inherited else "",
            f"variant:{row.variant}" if row.variant else "",
        ]
        lines.append(
            (
                f"{row.hazard_zh} {row.hazard_en}",
                row.event_code,
                row.level,
                f"{row.lead_h:g} h",
                row.condition or f"({row.manual_en})",
                row.confidence,
                " ".join(filter(None, flags)),
            )
        )
    widths = [max(_width(line[column]) for line in lines) for column in range(len(lines[0]))]
    body = ["  ".join(_pad(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    head = f"{rule_set.title}  {rule_set.id} version {rule_set.version}, valid from {rule_set.valid_from:%Y-%m-%d}"
    return "\n".join([head, f"{rule_set.authority}", "", *body])


def _row(rule: Rule) -> TableRow:
    return TableRow(
        row=rule.row,
        hazard=rule.hazard.key,
        hazard_zh=rule.hazard.zh,
        hazard_en=rule.hazard.en,
        event_code=rule.event_code,
        level=rule.level.key,
        lead_h=rule.lead.total_seconds() / 3600,
        condition="" if rule.criterion is None else str(rule.criterion),
        manual_zh="" if rule.manual is None else rule.manual.zh,
        manual_en="" if rule.manual is None else rule.manual.en,
        unconfirmed=rule.unconfirmed,
        inherited=rule.inherited,
        variant=rule.variant,
        confidence=rule.confidence,
        source_zh=rule.source.zh,
        source_en=rule.source.en,
        note=rule.note,
    )


def _width(text: str) -> int:
    """Places on a terminal: two for wide and full-width characters (Unicode Annex 11), none for combining marks."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
