"""CAP: alerts built, written with validation against the OASIS schema, and read again; no peer does the same."""

from datetime import UTC, datetime, timedelta

import numpy as np

from tests.bench.measure import Effort, Row, Timing, median_s, rows
from warning import capxml
from warning.issue.build import AlertRequest, build_alert
from warning.level import Level
from warning.wording import Texts

_SENT = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)
_VERTICES = 60


def run(effort: Effort) -> list[Row]:
    """An Exercise alert in two languages for three districts with one ring of 60 vertices."""
    request = _request()
    data = capxml.write(build_alert(request))
    if capxml.read(data).alert != build_alert(request):
        raise AssertionError("the alert read is not the alert written: do not quote the speed")
    alerts, repeats = effort.pick(full=150, quick=30), effort.pick(full=7, quick=3)
    return rows(f"CAP, 2 languages, {len(data) // 1000} kB", "alerts/s", [
        Timing(subject="build + write + validate (XSD)", value=alerts / median_s(lambda: _write(request, alerts), repeats=repeats)),
        Timing(subject="read", value=alerts / median_s(lambda: _read(data, alerts), repeats=repeats)),
    ])


def _write(request: AlertRequest, alerts: int) -> None:
    for _ in range(alerts):
        capxml.write(build_alert(request))


def _read(data: bytes, alerts: int) -> None:
    for _ in range(alerts):
        capxml.read(data)


def _request() -> AlertRequest:
    turn = np.linspace(0, 2 * np.pi, _VERTICES, endpoint=False)
    ring = np.column_stack((121.7 + 0.2 * np.cos(turn), 31.0 + 0.15 * np.sin(turn))).tolist()
    return AlertRequest(
        issuer_zh="上海中心气象台", issuer_en="Shanghai Central Meteorological Observatory", sender_code="31000041600000",
        identifier="31000041600000_20240920020000", event_id="bench", hazard_zh="暴雨", hazard_en="rainstorm", event_code="11B03",
        level=Level.RED, action="new", status="Exercise", sent=_SENT, expires=_SENT + timedelta(hours=6), onset=_SENT + timedelta(minutes=30),
        zones=(("310115", "浦东新区", "Pudong"), ("310120", "奉贤区", "Fengxian"), ("310116", "金山区", "Jinshan")), polygons=[ring],
        texts_zh=Texts(headline="上海中心气象台发布暴雨红色预警信号", description="未来1小时雨量将达100毫米以上。" * 4,
                       instruction="停止户外活动。" * 4, sms="暴雨红色预警：浦东、奉贤、金山", title="暴雨红色预警"),
        texts_en=Texts(headline="Rainstorm Red Warning", description="More than 100 mm within the hour. " * 4,
                       instruction="Stay indoors. " * 4, sms="Rainstorm red warning: Pudong, Fengxian, Jinshan", title="Rainstorm red"),
    )
