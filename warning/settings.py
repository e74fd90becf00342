"""Settings: what a deployment decides, from the environment (``XIAOXISHU_…``) and one YAML file.

The file is refused at start with its path and the faulty key. Channels are named by ``kind:``, which is the adapter's file name.
"""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from feeds.table import Table
from warning.dispatch.flash import FlashTo
from warning.errors import ConfigError

LEAST_SECRET = 16
"""Characters of a word that is proof by itself."""

CapStatus = Literal["Actual", "Exercise", "Test"]


class RetrySettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    max_attempts: int = Field(default=8, ge=1, description="tries before a delivery is called failed")
    first_wait_s: float = Field(default=2.0, gt=0, description="pause after the first failed try, doubling from there")
    max_wait_s: float = Field(default=60.0, gt=0, description="longest pause between two tries")
    lease_s: float = Field(default=60.0, gt=0, description="how long a worker may hold a batch before another takes it over")
    unknown_grace_s: float = Field(default=20.0, gt=0, description="how long a missing answer is waited for before a second try")


class RouteSettings(BaseModel):
    """One of several ways out of a channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="what operators call it, e.g. mobile or telecom")
    kind: str = Field(default="", description="its adapter; empty = the channel's")
    options: dict[str, object] = Field(default_factory=dict, description="the adapter's own options")
    weight: int = Field(default=1, ge=0, le=1000, description="its share among those that work; 0 = stands by until no other may be used")
    rate_per_s: float | None = Field(default=None, gt=0, description="messages a second that one worker gives it: the contract's rate divided by the workers")


class ChannelSettings(BaseModel):
    """One channel: the adapter's ``kind`` and its own options (validated by the adapter itself)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="the word that subscriptions use, e.g. sms")
    kind: str = Field(description="the adapter: sms, cmpp, smgp, sgip, email, webhook, mqtt, webpush, page, spool, cbc, cbsp, loudspeaker, display, voice, satellite, chat, or an entry point's name")
    options: dict[str, object] = Field(default_factory=dict, description="the adapter's own options")
    batch: int = Field(default=500, ge=1, description="recipients handled in one job; of residents at most 1,000")
    fall_back_after_s: float | None = Field(
        default=None, gt=0, description="how long a receipt is waited for before people who named another channel are told there, seconds; empty = never")
    flash: FlashTo = Field(
        default="duty", description="whom red text messages reach as class 0, over whatever is on the screen and kept by no handset: nobody, duty (persons on duty), responsible (offices too) or everybody (residents only in earnest)")
    routes: tuple[RouteSettings, ...] = Field(default=(), description="several ways out instead of options; what one cannot send, the next does")
    failover_within_s: float = Field(default=30.0, gt=0, description="how long one batch may look for a route that works, seconds")

    @model_validator(mode="after")
    def _options_or_routes(self) -> "ChannelSettings":
        if self.routes and self.options:
            raise ValueError("options and routes: with routes each has its own options; move them there")
        names = [route.name for route in self.routes]
        if len(set(names)) < len(names):
            raise ValueError("routes: name: a name is given twice; each route needs its own")
        return self

    def option(self, name: str) -> object:
        """An option of the adapter, of the first route where there are several; None when it is not given."""
        return (self.routes[0].options if self.routes else self.options).get(name)


class FeedSettings(BaseModel):
    """One feed: where its files come from (``kind`` and its own options), and what holds for what is in them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(description="where files come from: folder, replay, http, ecmwf, gfs, wis2, or an entry point's name")
    source: str = Field(min_length=1, description="name that overrides and provenance use")
    options: dict[str, object] = Field(default_factory=dict, description="the kind's own options (docs/feeds.md)")
    table: Table | None = Field(default=None, description="columns of a CSV or JSON station feed")
    max_age_s: float = Field(default=3600, gt=0, description="older runs are called stale and not used")
    expect_every_s: float | None = Field(
        default=None, gt=0, description="the feed's promise: silence for longer is told to the operators; empty = max_age_s")

    @model_validator(mode="before")
    @classmethod
    def _options_stand_apart(cls, given: object) -> object:
        if isinstance(given, dict) and (moved := [key for key in ("path", "pattern") if key in given]):
            raise ValueError(f"{' and '.join(moved)} belong to the kind: write options: {{{', '.join(f'{key}: …' for key in moved)}}}")
        return given


class ZoneSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path | None = Field(default=None, description="GeoJSON, GeoPackage or Shapefile; empty = Shanghai's districts")
    crs: Literal["wgs84", "gcj02"] = Field(default="wgs84", description="gcj02 is undone exactly; forgetting it moves edges 300-500 m")
    code: str = Field(default="code", description="property with the zone's code")
    name_zh: str = Field(default="name_zh", description="property with the Chinese name")
    name_en: str = Field(default="name_en", description="property with the English name")
    level: str = Field(default="level", description="property with the level: city, district, street or cell")
    parent: str = Field(default="parent", description="property with the parent zone's code")


class SigningKeySettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="for messages and logs")
    key: SecretStr = Field(description="private key, PEM; {file: /run/secrets/…} keeps it out of the settings")
    certificate: Path = Field(description="its certificate, PEM; its dates say when the key signs")


class SigningSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    required: bool = Field(default=True, description="programs of partners get signed documents only; people's channels never wait for a signature")
    keys: tuple[SigningKeySettings, ...] = Field(min_length=1, description="the newest that is valid signs; name the next one before the present one ends")


class PartnerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="for the record and for messages")
    called: str = Field(default="", max_length=100, description="how its words are introduced to people, such as 浙江省气象台; empty = its name")
    senders: tuple[str, ...] = Field(min_length=1, description="the CAP senders it may speak for")
    issuer: str = Field(description="the issuer of ours under whose name its alerts are passed on")
    area: str = Field(default="", description="zone-code prefix that it may warn; empty = every zone of ours")
    token: SecretStr = Field(default=SecretStr(""), description="with which it pushes; empty = it does not push")
    url: str = Field(default="", description="its CAP feed (Atom, RSS or one document), looked at every poll_s; empty = it is not polled")
    certificates: tuple[Path, ...] = Field(default=(), description="PEM files with the certificates that it signs with, the next one included")
    agreed_by: tuple[str, ...] = Field(default=(), description="two names who agreed that what it has signed goes out without being looked at; empty = held")


class FastLaneSettings(BaseModel):
    """Who may issue what with one signature; another person reviews it afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hazards: tuple[str, ...] = Field(min_length=1, description="keys of hazards, e.g. rainstorm, tornado")
    levels: tuple[Literal["orange", "red"], ...] = Field(default=("red",), min_length=1, description="in which colours")
    roles: tuple[Literal["forecaster", "approver"], ...] = Field(default=("approver",), min_length=1, description="whose signature is enough")
    review_within_s: float = Field(default=1800.0, gt=0, description="when the review is called overdue, seconds after the signature")


class OidcSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(pattern=r"^https?://.+", description="the provider's issuer, exactly as it calls itself")
    client_id: str = Field(description="this deployment's name at the provider")
    client_secret: SecretStr = Field(default=SecretStr(""), description="what the provider gave it")
    name_claim: str = Field(default="preferred_username", description="the claim that holds the account's name")


class LimitSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    per_s: float = Field(default=300.0, ge=0, description="requests a second from one address; 0 = no limit")
    burst: int = Field(default=3000, ge=1, description="how many at once")
    costly_per_min: float = Field(default=120.0, ge=0, description="log-ins and registrations a minute from one address (a whole network may stand behind it); 0 = no limit")
    codes_per_h: float = Field(default=120.0, ge=0, description="codes to residents' addresses an hour that one address may ask for; 0 = no limit")
    intake_per_min: float = Field(default=300.0, ge=0, description="documents a minute that partners behind one address may push, a third of them at once; 0 = no limit")


class ExportSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="where the copy of the public pages is kept: a link to its newest version, for any web server or CDN")
    every_s: float = Field(default=60.0, gt=0, description="how often it is made anew")
    good_for_s: float = Field(default=900.0, gt=0, description="after so many seconds a copy says that it is old")


class CanarySettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    every_s: float = Field(default=180.0, gt=0, description="how often each channel proves itself")
    addresses: dict[str, str] = Field(default_factory=dict, description="by channel: an address behind the gateway that no person reads")


class ListenerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="what operators call it")
    channel: str = Field(description="the channel that carries it, a webhook or mqtt")
    address: str = Field(min_length=1, description="where to: a URL or a topic")
    secret: SecretStr = Field(default=SecretStr(""), description="signs webhooks (HMAC-SHA-256)")


class HeartbeatSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    every_s: float = Field(default=60.0, gt=0, description="how often partners hear the identifiers and the hash of what is in force")
    listeners: tuple[ListenerSettings, ...] = Field(default=(), description="who asked for it, beside the topic xiaoxishu/<lane>/heartbeat of every MQTT channel")


class PluginSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    frame_ancestors: tuple[Annotated[str, Field(pattern=r"^('self'|https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?)$")], ...] = Field(
        default=("'self'",), description="pages that may hold the plug-in in a frame, e.g. https://one.city.example; empty = none")


class MapSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tiles: str = Field(
        default="", description="what lies under the console's map: an address with {z}, {x} and {y}, or a .pmtiles file of pictures; empty = none, and nothing is loaded from elsewhere")
    attribution: str = Field(default="", max_length=200, description="who made the tiles, as their licence wants it said on the map")

    @model_validator(mode="after")
    def _address_or_file(self) -> "MapSettings":
        if self.tiles.endswith(".pmtiles") and "://" not in self.tiles:
            return self
        parts = urlsplit(self.tiles)
        if self.tiles and not (parts.scheme in ("http", "https") and re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", parts.netloc) and all(f"{{{one}}}" in parts.path for one in "zxy")):
            raise ValueError("tiles: give https://host/…/{z}/{x}/{y}.png, or the path of a .pmtiles file of this machine")
        return self

    @property
    def origin(self) -> str:
        """The one place elsewhere that a console may load pictures from, as a Content-Security-Policy writes it; "" = none."""
        parts = urlsplit(self.tiles)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


class Settings(BaseSettings):
    """Every option of a deployment."""

    model_config = SettingsConfigDict(env_prefix="XIAOXISHU_", extra="forbid", frozen=True)

    database_url: str = Field(default="", description="PostgreSQL URL; empty = an embedded server in the data folder")
    data: Path = Field(default=Path("var"), description="folder for the embedded database, the spool and generated files")
    config: Path | None = Field(default=None, description="a folder laid out as config/ of the product: rules/*.yaml, issuers.yaml, overrides.yaml; what stands there wins over what is shipped")
    public_url: str = Field(default="http://127.0.0.1:8000", description="address of the public page in messages")
    status: CapStatus = Field(default="Exercise", description="CAP status of what is issued; Actual is set on purpose only")
    secret: SecretStr = Field(default=SecretStr(""), description="signs acknowledgement links, seals addresses, second factors and webhook secrets; 16 characters or more; empty = made once in the data folder, which is then part of the backup")
    other_secrets: tuple[SecretStr, ...] = Field(default=(), description="secrets that open as well while the secret is changed: the next one first, then the one before (docs/security.md)")
    allow_private_targets: bool = Field(default=False, description="let webhooks and pushes go to private addresses (drills only)")
    clock: Literal["system", "drill"] = Field(default="system", description="drill = virtual time from the database")
    cycles_up: int = Field(default=2, ge=1, description="data cycles before a level is proposed or raised; red never waits")
    cycles_down: int = Field(default=6, ge=1, description="data cycles before a level is lowered or lifted")
    zones: ZoneSettings = Field(default_factory=ZoneSettings, description="where the borders come from")
    feeds: tuple[FeedSettings, ...] = Field(default=(), description="what is watched")
    channels: tuple[ChannelSettings, ...] = Field(default=(), description="ways out")
    retry: RetrySettings = Field(default_factory=RetrySettings, description="how delivery is retried")
    canary: CanarySettings = Field(default_factory=CanarySettings, description="how channels prove themselves")
    heartbeat: HeartbeatSettings = Field(default_factory=HeartbeatSettings, description="how partners see a gap")
    export: ExportSettings | None = Field(default=None, description="a copy of the public pages that can be served when the engine is down; empty = none")
    answer_within_s: float = Field(default=300, gt=0, description="time an office has to acknowledge orange and red")
    fast_lane: tuple[FastLaneSettings, ...] = Field(default=(), description="rules by which one signature is enough to warn at once; empty = always two")
    signing: SigningSettings | None = Field(default=None, description="XML signatures on what goes to programs; empty = nothing is signed")
    partners: tuple[PartnerSettings, ...] = Field(default=(), description="authorities whose alerts we take in")
    poll_s: float = Field(default=60.0, gt=0, description="how often partners' feeds are looked at")
    oidc: OidcSettings | None = Field(default=None, description="an identity provider to sign in with; empty = passwords only")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="how often one address may ask")
    map: MapSettings = Field(default_factory=MapSettings, description="what the console's map lies on")
    plugin: PluginSettings = Field(default_factory=PluginSettings, description="warnings on other people's screens")
    trusted_proxies: str = Field(default="127.0.0.1", description="addresses of proxies whose X-Forwarded-For and -Proto are believed, by comma; they end HTTPS")
    concurrency: int = Field(default=4, ge=1, description="jobs that one worker runs side by side")

    @model_validator(mode="after")
    def _no_test_to_everybody(self) -> "Settings":
        kinds = {channel.name: channel.kind for channel in self.channels}
        public = sorted(name for name in self.canary.addresses if kinds.get(name) in ("cbc", "cbsp", "loudspeaker"))
        if public:
            raise ValueError(f"canary: addresses: {', '.join(public)}: a self-test there would reach everybody; leave it out")
        return self

    @model_validator(mode="after")
    def _not_guessed(self) -> "Settings":
        for what, word in (("secret", self.secret), *(("other_secrets", one) for one in self.other_secrets), *((f"partners: {one.name}: token", one.token) for one in self.partners)):
            if 0 < len(word.get_secret_value()) < LEAST_SECRET:
                raise ValueError(f"{what}: at least {LEAST_SECRET} characters, because nothing counts who tries words against it: openssl rand -base64 32 makes one")
        return self

    @model_validator(mode="after")
    def _names_once(self) -> "Settings":
        for what, names in (("channels: name", [c.name for c in self.channels]), ("feeds: source", [f.source for f in self.feeds]),
                            ("heartbeat: listeners: name", [one.name for one in self.heartbeat.listeners])):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {', '.join(twice)} is given twice; each needs its own")
        known = {channel.name for channel in self.channels}
        for what, named in (("canary: addresses", self.canary.addresses), ("heartbeat: listeners: channel", [one.channel for one in self.heartbeat.listeners])):
            strange = sorted(set(named) - known)
            if strange:
                raise ValueError(f"{what}: {', '.join(strange)} is no channel of these settings; there is {', '.join(sorted(known)) or 'none'}")
        return self


def load_settings(path: Path | None, *, environment: bool = True) -> Settings:
    """The environment over the file over the defaults. Raises ConfigError with file and key.

    ``environment=False``: the file wins, so that a drill beside a real deployment never meets its database.
    """
    if path is None:
        return _validated({}, "the environment", environment=environment)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8: save it as UTF-8 text") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is no YAML: {error}") from error
    content = _with_files({} if content is None else content, path)
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{path}: the top must be a mapping of settings, each key a word")
    return _validated(content, str(path), environment=environment)


def _with_files(content: object, path: Path) -> object:
    """``{file: /run/secrets/x}`` anywhere in the settings stands for what the file holds, so that no secret need stand in them."""
    if isinstance(content, dict):
        if set(content) == {"file"} and isinstance(content["file"], str):
            try:
                return Path(content["file"]).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigError(f"{path}: the secret in {content['file']} cannot be read: {error.strerror}") from error
        return {key: _with_files(value, path) for key, value in content.items()}
    return [_with_files(one, path) for one in content] if isinstance(content, list) else content


def _validated(content: dict[str, object], origin: str, *, environment: bool) -> Settings:
    try:
        # pydantic-settings lets arguments win over the environment; the file's place is below it.
        above = EnvSettingsSource(Settings)() if environment else {}
        return Settings(**{**content, **above})
    except SettingsError as error:
        raise ConfigError(f"the environment: {error}: lists and mappings are written as JSON") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ConfigError(f"{origin}: {key}: {first['msg']}") from error
