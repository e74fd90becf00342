"""``xiaoxishu fields FILE``: what a file holds, and what of it could not be read."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feeds.errors import PartlyRead
from warning.cli.entry import cli

RECORDED = Path(__file__).parents[1] / "feeds/recordings"


def test_measurements_and_tracks_are_printed_as_tables() -> None:
    stations = CliRunner().invoke(cli, ["fields", str(RECORDED / "bufr/two_stations_plain.bufr")])
    assert stations.exit_code == 0
    rain = next(line for line in stations.output.splitlines() if line.startswith("rain"))
    assert rain.split() == ["rain", "sum", "mm", "6", "h", "2", "2", "2024-09-19", "18:00", "2024-09-19", "18:00", "0", "38.5", "50.0%"]
    track = CliRunner().invoke(cli, ["fields", str(RECORDED / "micaps/babj_2414.dat")])
    assert "普拉桑   2414    BABJ           2         1  2024-09-19 12:00  30.7N 122.4E    25 m/s       985 hPa  2024-09-20 00:00" in track.output


def test_a_station_feed_is_read_by_the_table_of_its_settings(tmp_path: Path) -> None:
    (tmp_path / "gauges.csv").write_text("id,x,y,t,r\n58362,121.44,31.39,2024-09-20 02:10,5\n58361,121,31,2024-09-20 02:10,much\n")
    (tmp_path / "settings.yaml").write_text(json.dumps({"feeds": [{
        "kind": "folder", "source": "gauges", "options": {"path": str(tmp_path)}, "table": {
            "station": "id", "lon": "x", "lat": "y", "time": "t", "time_zone": "Asia/Shanghai",
            "columns": [{"name": "r", "variable": "rain", "units": "mm", "window_min": 10}]}}]}))
    asked = ["fields", str(tmp_path / "gauges.csv"), "--source", "gauges", "--config", str(tmp_path / "settings.yaml"), "--json"]
    done = CliRunner().invoke(cli, asked)
    (row,) = json.loads(done.output)  # what was whole is printed …
    assert (row["variable"], row["stations"], row["max"], row["last_time"]) == ("rain", 1, 5.0, "2024-09-19T18:10:00+00:00")
    assert isinstance(done.exception, PartlyRead)  # … and the fault is told by the entry point, with exit code 2
    with pytest.raises(PartlyRead, match="line 3: 'much' in column 'r' is no number"):
        raise done.exception
