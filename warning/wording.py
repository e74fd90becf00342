"""Wording: the texts of a warning in one language, from the template library in config/texts/.

Templates are Jinja2 in its sandbox with StrictUndefined, not ``str.format``: the wording needs conditions (a cause or a number may be absent),
operators edit it (so it must not reach into Python), and a misspelt variable is found when the file is loaded, not at three in the morning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, model_validator

from warning import cap
from warning.errors import ConfigError, NotFound
from warning.identifier import BEIJING
from warning.level import Level
from warning.watch.marked import Loc, Marked, check, read_marked, shipped

Action = Literal["new", "update", "cancel"]
VARIABLES: Mapping[str, frozenset[str]] = {
    "times": frozenset({"year", "month", "month_name", "day", "hour", "minute"}),
    "quantities": frozenset({"value", "units", "hours", "observed"}),
    "signal": frozenset({"hazard", "hazard_title", "colour"}),
    "templates": frozenset({
        "issuer", "hazard", "hazard_title", "colour", "previous_colour", "signal", "previous_signal", "rank", "action", "cancelled",
        "sent", "sent_short", "onset", "expires", "places", "quantity", "observed", "cause",
    }),
}
"""What each kind of template may use. Times are Beijing time; ``onset`` is empty when it has begun; ``quantity``, ``cause`` and ``rank`` may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingRequest:
    """The facts to be worded, in both languages. Times aware; ``expires`` is also the end of the period that is spoken of.

    ``hazard`` is the rule set's key (an unknown one gets the general advice). ``peak`` in ``units`` of ``quantity`` (a Quantity's
    name) over ``window``; None for what no number decides. ``observed``: the peak has been measured already.
    """

    issuer_zh: str
    issuer_en: str
    hazard: str
    hazard_zh: str
    hazard_en: str
    level: Level
    action: Action
    status: cap.Status
    sent: datetime
    expires: datetime
    areas_zh: tuple[str, ...]
    areas_en: tuple[str, ...]
    previous_level: Level | None = None
    onset: datetime | None = None
    quantity: str = ""
    window: timedelta | None = None
    peak: float | None = None
    units: str = ""
    observed: bool = False
    cause_zh: str = ""
    cause_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What people read, in one language; ``sms`` is the short form, ``title`` a line for lists. All carry the drill's mark."""

    headline: str
    description: str
    instruction: str
    sms: str
    title: str


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ByLevel(_Part):
    blue: str
    yellow: str
    orange: str
    red: str


class _Times(_Part):
    long: str
    short: str


class _ByAction(_Part):
    new: str
    renew: str
    update: str
    cancel: str


class _Templates(_Part):
    signal: str
    headline: str
    title: str
    description: _ByAction
    sms: _ByAction


class _Hazard(_Part):
    signal: str = ""
    instruction: dict[Literal["blue", "yellow", "orange", "red"], list[str]]
    after: list[str] = Field(min_length=1)


class _Library(_Part):
    language: str
    separator: str
    months: list[str] = Field(min_length=12, max_length=12)
    times: _Times
    rank: str
    ranks: dict[str, _ByLevel]
    actions: _ByAction
    quantities: dict[str, str]
    templates: _Templates
    hazards: dict[str, _Hazard]

    @model_validator(mode="after")
    def _whole(self) -> "_Library":
        if self.rank and self.rank not in self.ranks:
            raise ValueError(f"rank {self.rank!r} is none of ranks: {', '.join(self.ranks)}; or leave it empty")
        if "other" not in self.quantities:
            raise ValueError("quantities has no 'other', which words every quantity without a line of its own; add it")
        if "other" not in self.hazards or len(self.hazards["other"].instruction) < 4:
            raise ValueError("hazards has no 'other' with all four levels, which words every hazard without advice of its own; add it")
        return self


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The template library of one language, checked and compiled."""

    language: str
    file: str
    library: _Library
    compiled: Mapping[str, Template]

    @classmethod
    def load(cls, language: str, *, source: Path | Traversable | None = None) -> "Wording":
        """The library of ``language``, shipped or from ``source``. Raises ConfigError naming file, line and key: a key too many or too few, a
        template that cannot be read, a variable that does not exist; NotFound for a language without a library."""
        place = source if source is not None else shipped() / "texts" / f"{language}.yaml"
        if source is None and not place.is_file():
            raise NotFound(f"no texts in {language!r}; there are zh-CN and en-US, add config/texts/{language}.yaml for another")
        marked = read_marked(place, refusal=ConfigError)
        library = check(marked, _Library, refusal=ConfigError)
        if library.language != language:
            raise ConfigError(f"{marked.where(('language',))}: is {library.language!r}, but {language!r} was asked for")
        return cls(language=language, file=marked.name, library=library, compiled=_compile(library, marked))

    def texts(self, request: WordingRequest) -> Texts:
        """Word ``request``. Raises ConfigError naming file and key when a template fails, ValueError for facts that contradict."""
        if request.action == "update" and request.previous_level is None:
            raise ValueError("an update needs previous_level: it names the old colour and the new one")
        chinese = self.language.startswith("zh")
        hazard = request.hazard_zh if chinese else request.hazard_en
        kind: Literal["new", "renew", "update", "cancel"] = request.action
        if request.action == "update" and request.previous_level == request.level:
            kind = "renew"
        rank = getattr(self.library.ranks[self.library.rank], request.level.key) if self.library.rank else ""
        facts: dict[str, str | bool] = {
            "issuer": request.issuer_zh if chinese else request.issuer_en,
            "hazard": hazard, "hazard_title": hazard[:1].upper() + hazard[1:],
            "colour": _colour(request.level, chinese), "signal": self._signal(request, request.level),
            "previous_colour": _colour(request.previous_level, chinese) if request.previous_level else "",
            "previous_signal": self._signal(request, request.previous_level) if request.previous_level else "",
            "rank": rank, "action": getattr(self.library.actions, kind), "cancelled": kind == "cancel",
            "sent": self._time("times.long", request.sent), "sent_short": self._time("times.short", request.sent),
            "onset": self._time("times.short", request.onset) if request.onset and request.onset > request.sent else "",
            "expires": self._time("times.short", request.expires),
            "places": self.library.separator.join(request.areas_zh if chinese else request.areas_en),
            "quantity": self._quantity(request), "observed": request.observed,
            "cause": request.cause_zh if chinese else request.cause_en,
        }
        mark = cap.drill_mark(request.status, self.language)
        return Texts(
            headline=mark + self._render("templates.headline", facts),
            description=mark + self._render(f"templates.description.{kind}", facts),
            instruction=mark + self._advice(request),
            sms=mark + self._render(f"templates.sms.{kind}", facts),
            title=mark + self._render("templates.title", facts),
        )

    def _signal(self, request: WordingRequest, level: Level) -> str:
        chinese = self.language.startswith("zh")
        hazard = request.hazard_zh if chinese else request.hazard_en
        key = request.hazard if request.hazard in self.library.hazards else "other"
        name = f"hazards.{key}.signal" if self.library.hazards[key].signal else "templates.signal"
        return self._render(name, {"hazard": hazard, "hazard_title": hazard[:1].upper() + hazard[1:], "colour": _colour(level, chinese)})

    def _quantity(self, request: WordingRequest) -> str:
        if request.peak is None:
            return ""
        key = request.quantity if request.quantity in self.library.quantities else "other"
        hours = f"{request.window.total_seconds() / 3600:g}" if request.window else ""
        return self._render(f"quantities.{key}", {
            "value": f"{request.peak:.1f}".removesuffix(".0"), "units": request.units, "hours": hours, "observed": request.observed})

    def _advice(self, request: WordingRequest) -> str:
        """Numbered points, one a line; the general ones where this hazard has none at this level."""
        own, general = self.library.hazards.get(request.hazard), self.library.hazards["other"]
        if request.action == "cancel":
            points = own.after if own else general.after
        else:
            points = (own.instruction if own else {}).get(_key(request.level)) or general.instruction[_key(request.level)]
        return "\n".join(f"{number}. {point}" for number, point in enumerate(points, 1))

    def _time(self, key: str, at: datetime) -> str:
        local = at.astimezone(BEIJING)
        return self._render(key, {
            "year": f"{local.year}", "month": f"{local.month:02d}", "month_name": self.library.months[local.month - 1],
            "day": f"{local.day:02d}", "hour": f"{local.hour:02d}", "minute": f"{local.minute:02d}"})

    def _render(self, key: str, facts: Mapping[str, str | bool]) -> str:
        try:
            return self.compiled[key].render(facts).strip()
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise ConfigError(f"{self.file}: {key}: the template fails: {error}; mend the template") from error


def agree(zh: Texts, en: Texts, request: WordingRequest) -> list[str]:
    """Where the two languages do not tell the facts of ``request``: colour, hazard, place, time, action. Empty = they agree.

    Meant for texts that an operator has edited; each finding is one sentence that names language and text.
    """
    sent = request.sent.astimezone(BEIJING)
    found: list[str] = []
    for language, texts, colours, hazard, places, clock in (
        ("zh-CN", zh, {level: level.zh for level in Level}, request.hazard_zh, request.areas_zh, f"{sent:%H}时{sent:%M}分"),
        ("en-US", en, {level: level.en for level in Level}, request.hazard_en, request.areas_en, f"{sent:%H:%M}"),
    ):
        may = {request.level, request.previous_level}
        for name, text in (("headline", texts.headline), ("description", texts.description), ("sms", texts.sms)):
            here = f"{language} {name}"
            if not names(text, colours[request.level]):
                found.append(f"{here} does not name the colour {colours[request.level]}")
            found += [f"{here} names the colour {word}, which is not of this warning"
                      for level, word in colours.items() if level not in may and names(text, word)]
            if not names(text, hazard):
                found.append(f"{here} does not name the hazard {hazard}")
            if bool(_LIFTED[language].search(text)) != (request.action == "cancel"):
                found.append(f"{here} {'does not say' if request.action == 'cancel' else 'says'} that the warning is lifted")
            if not text.startswith(cap.drill_mark(request.status, language)):
                found.append(f"{here} does not begin with {cap.drill_mark(request.status, language)}")
        for name, text in (("description", texts.description), ("sms", texts.sms)):
            found += [f"{language} {name} does not name {place}" for place in places if place not in text]
            if clock not in text:
                found.append(f"{language} {name} does not say that it was sent at {clock}")
    # What is said of the sending is told above, and of an onset that is past an edit may speak still; a text without any other time, such as "until noon", is left to its reader.
    told = {f"{at.astimezone(BEIJING):%H:%M}" for at in (request.sent, request.onset) if at is not None and at <= request.sent}
    for name in ("description", "sms"):
        chinese, english = ({*_times(getattr(texts, name))} - told for texts in (zh, en))
        if chinese and english and chinese != english:
            found.append(f"en-US {name} names the times {', '.join(sorted(english))} and zh-CN {', '.join(sorted(chinese))}")
    return found


def _times(text: str) -> list[str]:
    """``14时30分``, ``14时`` and ``14:30`` as ``14:30`` and ``14:00``; ``6小时`` and ``24时内`` are no time of the day."""
    return [f"{int(hour) % 24:02d}:{int(zh or en or 0):02d}" for hour, zh, en in _TIMES.findall(text)]


_TIMES = re.compile(r"(?<!\d)(\d{1,2})(?:时(?!内|间|段|次)(?:(\d{1,2})分)?|:(\d{2})(?!\d))")
_LIFTED = {"zh-CN": re.compile("解除"), "en-US": re.compile(r"\b(lift(s|ed)?|cancel(s|led)?)\b", re.IGNORECASE)}


def names(text: str, word: str) -> bool:
    """Whether ``text`` names ``word``: Chinese words stand anywhere, Latin ones alone, in any case (``red`` is not in ``reduced``)."""
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text, re.IGNORECASE) is not None if word else True


def _key(level: Level) -> Literal["blue", "yellow", "orange", "red"]:
    keys: dict[Level, Literal["blue", "yellow", "orange", "red"]] = {
        Level.BLUE: "blue", Level.YELLOW: "yellow", Level.ORANGE: "orange", Level.RED: "red"}
    return keys[level]


def _colour(level: Level, chinese: bool) -> str:
    return level.zh if chinese else level.en


def _compile(library: _Library, marked: Marked) -> dict[str, Template]:
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    jobs: list[tuple[Loc, str, str]] = [
        (("times", "long"), library.times.long, "times"), (("times", "short"), library.times.short, "times"),
        *((("quantities", key), text, "quantities") for key, text in library.quantities.items()),
        (("templates", "signal"), library.templates.signal, "signal"),
        *((("templates", key), getattr(library.templates, key), "templates") for key in ("headline", "title")),
        *((("templates", group, kind), getattr(getattr(library.templates, group), kind), "templates")
          for group in ("description", "sms") for kind in ("new", "renew", "update", "cancel")),
        *((("hazards", key, "signal"), hazard.signal, "signal") for key, hazard in library.hazards.items() if hazard.signal),
    ]
    compiled: dict[str, Template] = {}
    for loc, text, kind in jobs:
        try:
            unknown = meta.find_undeclared_variables(environment.parse(text)) - VARIABLES[kind]
            compiled[".".join(map(str, loc))] = environment.from_string(text)
        except TemplateError as error:
            raise ConfigError(f"{marked.where(loc)}: is no template: {error}") from error
        if unknown:
            raise ConfigError(f"{marked.where(loc)}: no such variable {', '.join(sorted(unknown))}; "
                              f"there are {', '.join(sorted(VARIABLES[kind]))}")
    return compiled
