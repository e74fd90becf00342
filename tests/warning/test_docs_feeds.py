"""docs/feeds.md against the code: every kind and option it names exists, every kind that exists is named, its examples are valid."""

import ast
import importlib
import re
from datetime import UTC, datetime
from pathlib import Path

import yaml

from feeds.format import READERS
from warning.adapters import build_source
from warning.clock import VirtualClock
from warning.settings import FeedSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/feeds.md").read_text(encoding="utf-8")
ROWS = {match[1]: re.findall(r"`(\w+)`", match[2]) for match in re.finditer(r"^\| `(\w+)` \| .* \| ([^|]*) \|$", PAGE, flags=re.M)}


def test_every_kind_is_in_the_table_with_options_that_exist() -> None:
    sources = {path.stem for path in (ROOT / "feeds").glob("*.py")
               if {"Options", "Source"} <= {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)}}
    assert set(ROWS) == sources
    for kind, named in ROWS.items():
        assert named
        assert set(named) <= set(importlib.import_module(f"feeds.{kind}").Options.model_fields), kind


def test_every_reader_is_named() -> None:
    words = {"grib": "GRIB 1 and 2", "netcdf": "NetCDF", "zarr": "Zarr (2 and 3", "micaps": "MICAPS diamond", "bufr": "BUFR surface reports"}
    assert {name for name, _, _ in READERS} == set(words)
    assert all(word in PAGE for word in words.values())


def test_the_examples_are_feeds_that_can_be_built() -> None:
    text = "".join(re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S))
    feeds = yaml.safe_load(text)["feeds"]
    assert [feed["source"] for feed in feeds] == ["nowcast", "gauges"]
    for feed in feeds:
        build_source(FeedSettings.model_validate(feed), clock=VirtualClock(datetime(2024, 9, 19, tzinfo=UTC)))
