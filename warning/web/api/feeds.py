"""Feeds: how old the data of each are, what each has promised, and what is wrong with a silent one."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from warning.watch.promise import FeedState, Standing, sentence
from warning.web.auth import Here, Viewer

router = APIRouter(tags=["operations"])


class FeedOut(BaseModel):
    """``state`` is fresh, waiting (nothing has come yet, its time is not up) or silent (a notice stands)."""

    source: str
    kind: str
    state: str
    expect_every_s: float = Field(description="the promise: silence for longer raises a notice")
    fed_at: datetime | None = Field(description="when it last brought something that could be used")
    fed_age_s: float | None
    data_at: datetime | None = Field(description="run time of its newest data")
    data_age_s: float | None
    fault: str = Field(description="what went wrong since; empty = nothing")
    text: str = Field(description="of a silent feed: what is wrong")
    next_step: str = Field(description="of a silent feed: what to do")


@router.get("/api/feeds", summary="How old are the data, and which feed is silent?")
async def feeds(parts: Here, _: Viewer) -> list[FeedOut]:
    return [_out(standing) for standing in await parts.feeds.standings(now=parts.clock.now())]


def _out(one: Standing) -> FeedOut:
    said, next_step = sentence(one) if one.state is FeedState.SILENT else ("", "")
    return FeedOut(
        source=one.promise.source, kind=one.promise.kind, state=one.state, expect_every_s=one.promise.every.total_seconds(), fed_at=one.fed_at,
        fed_age_s=None if one.fed_at is None else (one.now - one.fed_at).total_seconds(), data_at=one.data_at,
        data_age_s=None if one.data_age is None else one.data_age.total_seconds(), fault=one.fault, text=said, next_step=next_step)
