"""The inventory of a file, for machines and for people."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from feeds.inventory import as_json, inventory, render
from feeds.override import Match, Override, Overrides

Write = Callable[..., Path]
FIX = Overrides(overrides=(Override(name="fix", why="it is so", match=Match(), multiply_values=2.0),))


def test_a_row_has_the_keys_that_others_build_on(write_grib: Write, grib_field: Any) -> None:
    rain = {"productDefinitionTemplateNumber": 8, "parameterCategory": 1, "parameterNumber": 8, "typeOfStatisticalProcessing": 1, "stepRange": "18-24"}
    (row,) = inventory(write_grib("r.grib2", grib_field([math.nan, 1, 2, 3, 4, 5], rain)), overrides=FIX)
    told = as_json(row)
    promised = {
        "variable": "rain", "units": "mm", "window_h": 6.0, "lead_h": 24.0, "level": "surface", "threshold": None, "member": None,
        "grid": "regular_ll 2x3 1° 30..31N 121..123E", "raw_min": 1.0, "raw_max": 5.0, "missing_count": 1, "min": 2.0, "max": 10.0,
    }  # fmt: skip
    assert {key: told[key] for key in promised} == promised
    assert told["missing_share"] == round(1 / 6, 6)
    assert json.loads(json.dumps(told))["corrections"] == ["fix: values × 2 (it is so)"]


def test_what_is_not_known_is_null_and_never_nan(write_grib: Write, grib_field: Any) -> None:
    (row,) = inventory(write_grib("n.grib2", grib_field([math.nan] * 6)))
    told = json.loads(json.dumps(as_json(row), allow_nan=False))
    assert (told["raw_min"], told["raw_max"], told["min"], told["max"], told["missing_count"]) == (None, None, None, None, 6)


def test_the_table_is_aligned_and_tells_each_note_once(write_grib: Write, grib_field: Any) -> None:
    rows = inventory(write_grib("t.grib2", grib_field([280.0] * 6), grib_field([28000.0] * 6)), overrides=FIX)
    lines = render(rows).splitlines()
    assert len(lines) == 4
    assert lines[0].split()[:4] == ["#", "variable", "statistic", "units"]
    assert lines[1].endswith("[1]")
    assert lines[2].endswith("[1]")
    assert lines[3] == "[1] corrected: fix: values × 2 (it is so)"
    assert lines[1].index("regular_ll") == lines[2].index("regular_ll") == lines[0].index("grid")
