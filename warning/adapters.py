"""The adapters that the settings name by ``kind:``, found in channels/ and feeds/ or in an installed package, built with options they check themselves."""

import importlib
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from types import ModuleType

from pydantic import BaseModel, ValidationError

from channels.port import ChannelSender, Doors
from channels.wire.pages import MAX_CHARS_UCS2
from channels.wire.robots import MAX_CHARS as ROBOT_CHARS
from channels.wire.sms_text import UCS2_PART_CHARS, UCS2_SINGLE_CHARS
from feeds.payload import Source
from warning.clock import Clock
from warning.dispatch.kind import TEXT_MESSAGE
from warning.dispatch.routemark import doors_of
from warning.dispatch.routes import Route, RoutedSender
from warning.errors import ConfigError
from warning.settings import ChannelSettings, FeedSettings

_EXTRAS = {"apprise": "chat"}
"""Which extra brings a library that an adapter missed."""


def build_sender(channel: ChannelSettings, doors: Doors) -> ChannelSender:
    """The adapter named by ``kind:`` with its validated options, or several behind one. Raises ConfigError with channel and key."""
    where = f"channels: {channel.name}"
    if not channel.routes:
        return _sender(where, channel.kind, channel.options, doors)
    routes = [
        Route(route.name, _sender(f"{where}: {route.name}", route.kind or channel.kind, route.options, doors_of(route.name, doors)), weight=route.weight,
              rate_per_s=route.rate_per_s)
        for route in channel.routes]
    return RoutedSender(routes, now=doors.now, within_s=channel.failover_within_s)


def _sender(where: str, kind: str, given: Mapping[str, object], doors: Doors) -> ChannelSender:
    module = _adapter(where, "channels", kind)
    sender: ChannelSender = module.Sender(_options(where, module, given), doors)
    return sender


def room_of(channel: ChannelSettings) -> int | None:
    """How many characters one message of a channel may have, by its options or their defaults, without opening it; None = no such limit is known."""
    if channel.kind in TEXT_MESSAGE:
        parts = _number(channel, "max_parts") or 1
        return UCS2_SINGLE_CHARS if parts == 1 else parts * UCS2_PART_CHARS
    if channel.kind in ("cbc", "cbsp"):
        return MAX_CHARS_UCS2
    if channel.kind == "chat":
        return ROBOT_CHARS
    return _number(channel, "max_chars")


def _number(channel: ChannelSettings, option: str) -> int | None:
    given = channel.option(option)
    if given is None:
        fields = _adapter(f"channels: {channel.name}", "channels", channel.kind).Options.model_fields
        given = fields[option].default if option in fields else None
    return given if isinstance(given, int) else None


def build_source(feed: FeedSettings, *, clock: Clock) -> Source:
    """The feed named by ``kind:`` with its validated options. Raises ConfigError with feed and key."""
    where = f"feeds: {feed.source}"
    module = _adapter(where, "feeds", feed.kind)
    if not hasattr(module, "Source"):
        raise ConfigError(f"{where}: no adapter of kind {feed.kind!r} in feeds/: see docs/feeds.md for those that there are")
    source: Source = module.Source(_options(where, module, feed.options), name=feed.source, now=clock.now)
    return source


def _adapter(where: str, room: str, kind: str) -> ModuleType:
    for entry in _outside(room, tuple(sys.path)).select(name=kind):
        outside: ModuleType = entry.load()
        return outside
    try:
        return importlib.import_module(f"{room}.{kind}")
    except ModuleNotFoundError as error:
        if error.name == f"{room}.{kind}":
            raise ConfigError(f"{where}: no adapter of kind {kind!r} in {room}/") from error
        missing = (error.name or "").partition(".")[0]
        raise ConfigError(f"{where}: needs {missing}: pip install 'xiaoxishu[{_EXTRAS.get(missing, 'demo')}]'") from error


@cache
def _outside(room: str, path: tuple[str, ...]) -> EntryPoints:  # noqa: ARG001  # another path has other packages
    """What installed packages offer; asking means to read the metadata of every one of them."""
    return entry_points(group=f"xiaoxishu.{room}")


def _options(where: str, module: ModuleType, given: Mapping[str, object]) -> BaseModel:
    """The adapter's own options, validated by itself."""
    try:
        options: BaseModel = module.Options(**given)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return options
