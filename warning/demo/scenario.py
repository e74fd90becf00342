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
        Office(zone=d.code, name=f"{d.zh}应急管理局（演练）", path=f"/office/{d.code}", secret=f"drill-secret-{d.code}")
        for d in shanghai().districts
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyPost:
    """A district's flood headquarters on the roster: an officer on duty, and a leader who is called when the officer is silent; each with an app at the HTTP sink."""

    zone: str
    place: str

    @property
    def title(self) -> str:
        return f"{self.place}防汛指挥部（演练）"

    @property
    def officer(self) -> str:
        return f"{self.place}值班员"

    @property
    def leader(self) -> str:
        return f"{self.place}带班领导"

    @property
    def path(self) -> str:
        return f"/duty/{self.zone}"


def duty_posts() -> list[DutyPost]:
    """One in each district."""
    return [DutyPost(zone=d.code, place=d.zh) for d in shanghai().districts]


def roster(sink: str) -> str:
    """The list as a district's office would keep it, in CSV."""
    rows = ["区划代码,区划名称,岗位,类别,顺序,姓名,webhook"]
    for one in duty_posts():
        rows += [f"{one.zone},{one.place},防汛指挥部（演练）,责任人,1,{one.officer},{sink}{one.path}",
                 f"{one.zone},{one.place},防汛指挥部（演练）,责任人,2,{one.leader},{sink}{one.path}/leader"]
    return "\n".join(rows)


SILENT = next(post for post in duty_posts() if post.zone == "310120")
"""Fengxian's post, whose district is red first: its officer's app takes every message and nobody answers; when five minutes are over the leader is called, and answers."""

DEAD_NAME = "防汛泵站值班室（演练，网关故障）"
"""A pumping station's gateway that nobody listens at: its deliveries must end failed, with reason and next step."""

UNANSWERING = frozenset({SILENT.title, DEAD_NAME})
"""Posts whose first person does not answer."""

FORECASTER = "drill-forecaster"
APPROVER = "drill-approver"
EXERCISE_OFFICER = "drill-admin"
