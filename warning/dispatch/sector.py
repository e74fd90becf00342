"""Sector: an office may name what it is instead of what it fears; a table says which hazards that means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from warning.errors import ConfigError


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    hazards: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector:
    key: str
    zh: str
    en: str
    hazards: tuple[str, ...]


def load_sectors(path: Path, *, hazards: Sequence[str]) -> Mapping[str, Sector]:
    """By key. Hazards that this deployment's rules do not know are left out; raises ConfigError for what is no table of sectors."""
    try:
        rows = RootModel[dict[str, _Row]].model_validate(yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))).root
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    known = frozenset(hazards)
    found = {key: Sector(key=key, zh=row.zh, en=row.en, hazards=tuple(one for one in row.hazards if one in known)) for key, row in rows.items()}
    return {key: sector for key, sector in found.items() if sector.hazards}
