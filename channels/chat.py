"""Chat: a warning in a group of WeCom, DingTalk, Feishu or Lark, by the group's robot. apprise writes the request, our couriers carry it."""

import logging
from collections.abc import Sequence
from types import FunctionType
from typing import Self
from urllib.parse import unquote

import requests
from apprise.plugins.base import NotifyBase
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.lark import NotifyLark
from apprise.plugins.wecombot import NotifyWeComBot
from pydantic import Field, model_validator

from channels.message import Limits, Message, Receipt
from channels.port import ChannelOptions, Doors
from channels.wire.crew import BadAddress, Crew, Parcel, Said
from channels.wire.http_post import Answer, Letter, written
from channels.wire.robots import ADDRESS, MAX_CHARS, NO_ADDRESS, SERVICES, verdict
from channels.wire.ssrf import check_url

_PLUGINS: dict[str, type[NotifyBase]] = {"wecom": NotifyWeComBot, "dingtalk": NotifyDingTalk, "feishu": NotifyFeishu, "lark": NotifyLark}


class Options(ChannelOptions):
    """Where the services live; only a private deployment, or a drill, has them elsewhere. ``timeout_s`` bounds the whole exchange."""

    wecom: str = Field(default=SERVICES["wecom"].origin, description="origin of WeCom's robots")
    dingtalk: str = Field(default=SERVICES["dingtalk"].origin, description="origin of DingTalk's robots")
    feishu: str = Field(default=SERVICES["feishu"].origin, description="origin of Feishu's robots")
    lark: str = Field(default=SERVICES["lark"].origin, description="origin of Lark's robots")
    parallel: int = Field(default=8, ge=1, le=64, description="how many messages are under way at once, over all batches")
    allow_private: bool = Field(default=False, description="let requests go to loopback and private networks, and over http (deployment setting allow_private_targets)")

    @model_validator(mode="after")
    def _origins_may_be_called(self) -> Self:
        for name in SERVICES:
            origin = self.origin(name)
            check_url(origin, allow_private=self.allow_private)
            if origin.count("/") != 2 or not (self.allow_private or origin.startswith("https://")):
                raise ValueError(f"{name}: write https://host without a path")
        return self

    def origin(self, service: str) -> str:
        return str(getattr(self, service))


class Sender:
    """The address is apprise's URL of a robot: ``wecombot://KEY``, ``dingtalk://SECRET@TOKEN``, ``feishu://TOKEN``, ``lark://TOKEN``.

    ACCEPTED: the service said code 0, the message stands in the group. Nobody says who read it. Requests go to the origins of the options
    and nowhere else, whatever an address says.
    """

    def __init__(self, options: Options, doors: Doors) -> None:
        # apprise tells its log the keys that it is given, when it refuses one and at every step of a debug log.
        logging.getLogger("apprise").disabled = True
        self._options = options
        self._scribe = _Scribe()
        self._plugins = {name: _writing(plugin, self._scribe, SERVICES[name].origin, options.origin(name)) for name, plugin in _PLUGINS.items()}
        self._crew = Crew(lane=options.lane, parallel=options.parallel, timeout_s=options.timeout_s, allow_private=options.allow_private,
                          now=doors.now, words=True)

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=MAX_CHARS)

    async def open(self) -> None:
        self._crew.open()

    async def close(self) -> None:
        await self._crew.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        services: dict[str, list[int]] = {}
        found: dict[int, Said] = {}
        for index, message in enumerate(messages):
            services.setdefault(_service(message.address), []).append(index)
        for service, places in services.items():

            def parcel(place: int, places: Sequence[int] = places, service: str = service) -> Parcel | Said:
                message = messages[places[place]]
                return self._crew.fence(message) or written(self._letter(service, message), allow_private=self._options.allow_private)

            def judged(answer: Answer, service: str = service) -> Said:
                return verdict(service, answer)

            found |= dict(zip(places, await self._crew.deliver(len(places), parcel=parcel, verdict=judged), strict=True))
        return self._crew.receipts(messages, [found[index] for index in range(len(messages))])

    def _letter(self, service: str, message: Message) -> Letter:
        """What apprise would have posted. Raises BadAddress."""
        if not service:
            raise BadAddress(NO_ADDRESS)
        plugin = self._plugins[service]
        given = plugin.parse_url(message.address)
        if not given:
            raise BadAddress(NO_ADDRESS)
        try:
            robot = plugin(**given)
        except TypeError as wrong:
            raise BadAddress(NO_ADDRESS) from wrong
        return self._scribe.letter(robot, message.text)


class _Scribe:
    """Stands where a plugin of apprise looks for ``requests`` and keeps what it would have sent.

    apprise itself tells no more than sent or not, calls a refusal with HTTP 200 sent, follows redirects and waits as long as octets drip.
    """

    codes = requests.codes
    RequestException = requests.RequestException

    def __init__(self) -> None:
        self._written: Letter | None = None

    def letter(self, robot: NotifyBase, text: str) -> Letter:
        """The request by which a robot says ``text``."""
        self._written = None
        robot.send(body=text)
        if self._written is None:
            raise BadAddress("apprise wrote no request for this robot")
        return self._written

    def post(
        self, url: str, *, data: str | bytes, headers: dict[str, str], params: dict[str, str] | None = None, verify: object = None,  # noqa: ARG002 our couriers decide these
        timeout: object = None, allow_redirects: object = None,  # noqa: ARG002 the same
    ) -> requests.Response:
        # DingTalk's signature comes quoted, and would be quoted a second time; base64 has no percent sign of its own.
        plain = {name: unquote(value) for name, value in (params or {}).items()}
        ready = requests.Request("POST", url, params=plain).prepare()
        self._written = Letter(url=ready.url or "", headers=(("Content-Type", headers["Content-Type"]),),
                               body=data if isinstance(data, bytes) else data.encode())
        taken = requests.Response()
        taken.status_code = 200
        return taken


def _writing(plugin: type[NotifyBase], scribe: _Scribe, official: str, origin: str) -> type[NotifyBase]:
    """The plugin, but posting by the scribe and to ``origin``. A copy of its ``send`` with other globals: apprise itself stays as it is."""
    own = plugin.send
    assert isinstance(own, FunctionType)
    send = FunctionType(own.__code__, {**own.__globals__, "requests": scribe}, own.__name__, own.__defaults__, own.__closure__)
    return type(plugin.__name__, (plugin,), {"send": send, "notify_url": str(vars(plugin)["notify_url"]).replace(official, origin)})


def _service(address: str) -> str:
    found = ADDRESS.fullmatch(address)
    return found.lastgroup or "" if found is not None else ""
