"""The drill's scenario: which offices there are, who is silent, which gateway is dead, and what must come of it."""

from dataclasses import dataclass

from geo.districts import shanghai


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A district's emergency office with a webhook at the HTTP sink."""

    zone: str
    name: str
    path: str
    secret: str


def offices() -> list[Office]:
    """One emergency office per district."""
    return [
        Office(zone=d.code, name=f"{d.zh}应急管理局（演练）", path=f"/office/{d.code}", secret=f"drill-{d.code}")
        for d in shanghai().districts
    ]


SILENT = next(office for office in offices() if office.zone == "310120")
"""Fengxian's office, whose district is red first, accepts every message and never answers: when its five minutes are over, its stand-in is called."""

STAND_IN = Office(zone=SILENT.zone, name="奉贤区防汛值班室（演练，替补）", path=f"{SILENT.path}/stand-in", secret=f"{SILENT.secret}-stand-in")
"""Is called only when the office is silent, and answers for it."""

DEAD_NAME = "防汛泵站值班室（演练，网关故障）"
"""A pumping station's gateway that nobody listens at: its deliveries must end failed, with reason and next step."""

UNANSWERING = frozenset({SILENT.name, DEAD_NAME})
"""Posts from which the scenario expects no answer."""

FORECASTER = "drill-forecaster"
APPROVER = "drill-approver"
EXERCISE_OFFICER = "drill-admin"
