"""Promise: how often a feed said that it would bring something, and what to say when it does not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.payload import Arrears


class FeedState(StrEnum):
    """``waiting``: nothing has come yet, and its time is not up."""

    FRESH = "fresh"
    WAITING = "waiting"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A feed brings something that can be used at least every ``every``."""

    source: str
    kind: str
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a feed stands at ``now``: watched ``since`` (None = by nobody yet), last ``fed_at`` with data of ``data_at``, and what
    went wrong since (``fault`` = "" when nothing)."""

    promise: Promise
    now: datetime
    since: datetime | None
    fed_at: datetime | None = None
    data_at: datetime | None = None
    fault: str = ""

    @property
    def state(self) -> FeedState:
        """Exactly ``every`` old is still fresh."""
        last = self.fed_at or self.since
        if last is not None and self.now - last > self.promise.every:
            return FeedState.SILENT
        return FeedState.WAITING if self.fed_at is None else FeedState.FRESH

    @property
    def data_age(self) -> timedelta | None:
        return None if self.data_at is None else self.now - self.data_at


def sentence(standing: Standing) -> tuple[str, str]:
    """(what is wrong, what to do) of a silent feed, in Chinese and English."""
    promise, last = standing.promise, standing.fed_at
    ago = standing.now - (last or standing.since or standing.now)
    zh = f"资料源 {promise.source} 已 {_zh(ago)}没有可用的新资料（约定每 {_zh(promise.every)}）"
    en = f"feed {promise.source} has brought nothing usable for {_en(ago)} (promised every {_en(promise.every)})"
    if last is None:
        zh, en = zh.replace("没有可用的新资料", "从未送来可用的资料"), en.replace("nothing usable for", "nothing usable yet, for")
    why = f"；最近的错误 / last fault: {standing.fault}" if standing.fault else ""
    next_zh = "先修复上述错误；" if standing.fault else "检查传输与提供方；"
    next_en = "mend the fault above; " if standing.fault else "look at the transfer and call the provider; "
    return f"{zh} / {en}{why}", (
        f"{next_zh}在此之前按其他资料人工研判，没有提案不等于没有灾害 / {next_en}until then judge by other data: no proposal does not mean no hazard")


def owing(source: str, arrears: Arrears) -> tuple[str, str]:
    """(what is missing, what to do) of a feed that was told of data it could not get, in Chinese and English."""
    zh, en = f"资料源 {source}：{arrears.owed} 份已公告的资料尚未取到", f"feed {source}: {arrears.owed} announced data could not be had yet"
    if arrears.lost:
        zh, en = f"{zh}，另有 {arrears.lost} 份已放弃", f"{en}, {arrears.lost} more were given up"
    next_zh = "自动重试中；检查到资料服务器的网络" if arrears.owed else "向提供方索取所缺资料"
    next_en = "they are tried again; look at the network to the data's servers" if arrears.owed else "ask the provider for what is missing"
    return f"{zh} / {en}: {arrears.why}", (
        f"{next_zh}；缺少的资料按未知处理，没有提案不等于没有灾害 / {next_en}; what is missing is unknown: no proposal does not mean no hazard")


def _zh(span: timedelta) -> str:
    hours, minutes = divmod(round(span / timedelta(minutes=1)), 60)
    return f"{hours} 小时 {minutes} 分" if hours else f"{minutes} 分钟"


def _en(span: timedelta) -> str:
    hours, minutes = divmod(round(span / timedelta(minutes=1)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
