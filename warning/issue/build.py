"""Build: from signed facts and texts to the CAP alert, in Chinese first and English second."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from warning import cap
from warning.errors import Invalid, Unworded
from warning.identifier import BEIJING
from warning.issue.drawn import Round
from warning.level import Level
from warning.wording import Action, Texts, names

_MSG_TYPE: dict[Action, cap.MsgType] = {"new": "Alert", "update": "Update", "cancel": "Cancel"}
_NOTE: dict[cap.Status, str] = {"Exercise": "演练 Exercise", "Test": "测试 Test"}
# GB/T 35561 groups, where the event code list says nothing better: 11A flood and drought, 11B weather, 11C earthquake, 11D geology, 11E ocean,
# 11G forest fire, 12 accidents, 13 public health, 14 public security. Background knowledge for 11C, 11G, 12, 13 and 14.
_CATEGORY: tuple[tuple[str, cap.Category], ...] = (
    ("11A", "Met"), ("11B", "Met"), ("11C", "Geo"), ("11D", "Geo"), ("11E", "Met"), ("11G", "Fire"),
    ("12", "Safety"), ("13", "Health"), ("14", "Security"),
)
# Where staying indoors is no help: slow hazards, and water that rises.
_NO_SHELTER = ("11A", "11B22", "11D", "11E")
_SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRequest:
    """Everything that one alert says.

    ``zones``: (code, Chinese name, English name), codes of 6, 9 or 12 digits. ``polygons``: outer rings of (lon, lat) in degrees WGS 84, as
    GeoJSON and shapely have them; ``circle`` stands beside the polygon inside it, for readers that know circles. ``category``: from the event code list; None takes the code's group. ``probability``: 0..1, None when not
    known. ``event_id`` ties the messages of one event together. There is no field for a person's name: an alert is an office's word,
    and CMA's habit of the signing officer as senderName is not followed.
    """

    issuer_zh: str
    issuer_en: str
    sender_code: str
    identifier: str
    event_id: str
    hazard_zh: str
    hazard_en: str
    event_code: str
    level: Level
    action: Action
    status: cap.Status
    zones: tuple[tuple[str, str, str], ...]
    sent: datetime
    expires: datetime
    texts_zh: Texts
    texts_en: Texts
    polygons: Sequence[Sequence[Sequence[float]]] = ()
    circle: Round | None = None
    onset: datetime | None = None
    references: tuple[cap.Reference, ...] = ()
    category: cap.Category | None = None
    observed: bool = False
    probability: float | None = None
    web: str = ""
    contact: str = ""
    note: str = ""


def build_alert(request: AlertRequest) -> cap.Alert:
    """The CAP 1.2 alert of ``request``: two infos (zh-CN, en-US) with the same codes, colour, times and places.

    Colour: parameter ``ColorCode`` (Blue, Yellow, Orange, Red), and severity by ``Level.severity`` as CMA gives it to WMO. Event: eventCode
    ``CMA event code``. Places: one area with the hazard polygons and, for each zone, ``CPEAS Geographic Code`` (12 digits) and ``GB/T 2260``
    (6 digits). The short form travels as parameter ``SMSText``. Times are written in Beijing time. A drill's mark is put on every text
    that lacks it. Raises Invalid with every fault: a text that does not name colour and hazard, an Update without reference, no place …; Unworded when
    it is the texts alone.
    """
    unworded = _bad_texts(request)
    problems = list(unworded)
    if not request.zones:
        problems.append("zones is empty; name at least one zone")
    rings: list[cap.Ring] = []
    for number, lonlat in enumerate(request.polygons, 1):
        try:
            rings.append(cap.ring_of(lonlat))
        except ValueError as error:
            problems.append(f"polygon {number}: {error}")
    geocodes = _geocodes([code for code, _, _ in request.zones])
    if not rings and not geocodes:
        problems.append("there is neither a polygon nor a zone with a numeric code; nobody could be found by this alert")
    if problems:
        raise (Unworded if problems == unworded else Invalid)(f"alert {request.identifier}: {'; '.join(problems)}")
    alert = cap.Alert(
        identifier=request.identifier, sender=request.sender_code, sent=_beijing(request.sent), status=request.status,
        msg_type=_MSG_TYPE[request.action], scope="Public", note=": ".join(filter(None, (_NOTE.get(request.status, ""), request.note))),
        references=tuple(cap.Reference(sender=r.sender, identifier=r.identifier, sent=_beijing(r.sent)) for r in request.references),
        incidents=(request.event_id,),
        infos=(_info(request, "zh-CN", tuple(rings), geocodes), _info(request, "en-US", tuple(rings), geocodes)),
    )
    problems = cap.validate(alert)
    if problems:
        raise Invalid(f"alert {request.identifier}: {'; '.join(problems)}")
    return alert


def _info(request: AlertRequest, language: Literal["zh-CN", "en-US"], rings: tuple[cap.Ring, ...],
          geocodes: tuple[cap.NamedValue, ...]) -> cap.Info:
    chinese = language == "zh-CN"
    texts = request.texts_zh if chinese else request.texts_en
    circles = () if request.circle is None else (cap.Circle(lat=request.circle.lat, lon=request.circle.lon, radius_km=request.circle.km),)
    mark = cap.drill_mark(request.status, language)
    hazard = request.hazard_zh if chinese else request.hazard_en
    places = [name_zh if chinese else name_en for _, name_zh, name_en in request.zones]
    return cap.Info(
        language=language, categories=(request.category or _category(request.event_code),), event=hazard[:1].upper() + hazard[1:],
        response_types=_response(request), urgency=_urgency(request), severity=_severity(request.level), certainty=_certainty(request),
        event_codes=(cap.NamedValue(name=cap.EVENT_CODE, value=request.event_code),), effective=_beijing(request.sent),
        onset=_beijing(request.onset) if request.onset is not None else None, expires=_beijing(request.expires),
        sender_name=request.issuer_zh if chinese else request.issuer_en, headline=_marked(texts.headline, mark),
        description=_marked(texts.description, mark), instruction=_marked(texts.instruction, mark), web=request.web,
        contact=request.contact, parameters=(
            cap.NamedValue(name=cap.COLOUR, value=request.level.en), cap.NamedValue(name=cap.SMS_TEXT, value=_marked(texts.sms, mark))),
        areas=(cap.Area(area_desc=("、" if chinese else ", ").join(places), polygons=rings, circles=circles, geocodes=geocodes),),
    )


def _bad_texts(request: AlertRequest) -> list[str]:
    problems: list[str] = []
    for language, texts, colour, hazard in (
        ("zh-CN", request.texts_zh, request.level.zh, request.hazard_zh), ("en-US", request.texts_en, request.level.en, request.hazard_en),
    ):
        for name, text in (("headline", texts.headline), ("sms", texts.sms)):
            problems += [f"{language} {name} does not name {word}; add it" for word in (colour, hazard) if not names(text, word)]
        everything = f"{texts.headline}{texts.description}{texts.instruction}{texts.sms}"
        if request.status == "Actual" and any(mark in everything for mark in _marks(language)):
            problems.append(f"{language}: the status is Actual and the texts carry a drill's mark; take it out, or issue it as an Exercise")
    return problems


def _marks(language: str) -> list[str]:
    statuses: tuple[cap.Status, ...] = get_args(cap.Status)
    return [mark for status in statuses if (mark := cap.drill_mark(status, language).strip())]


def _marked(text: str, mark: str) -> str:
    text = text.strip()
    return text if not text or text.startswith(mark.strip()) else mark + text


def _beijing(at: datetime) -> datetime:
    return at.astimezone(BEIJING).replace(microsecond=0)


def _category(event_code: str) -> cap.Category:
    return next((category for group, category in _CATEGORY if event_code.startswith(group)), "Other")


def _severity(level: Level) -> cap.Severity:
    severities: tuple[cap.Severity, ...] = get_args(cap.Severity)
    return severities[severities.index(level.severity)]


def _urgency(request: AlertRequest) -> cap.Urgency:
    """CAP 1.2 §3.2.2: Immediate = act now, Expected = within the hour, Future = later; a lifted one is Past."""
    if request.action == "cancel":
        return "Past"
    if request.observed or request.onset is None or request.onset <= request.sent:
        return "Immediate"
    return "Expected" if request.onset - request.sent <= _SOON else "Future"


def _certainty(request: AlertRequest) -> cap.Certainty:
    """CAP 1.2 §3.2.2: Observed, else Likely above an even chance; a forecaster's signature without a number counts as Likely."""
    if request.observed:
        return "Observed"
    return "Possible" if request.probability is not None and request.probability <= 0.5 else "Likely"


def _response(request: AlertRequest) -> tuple[cap.ResponseType, ...]:
    if request.action == "cancel":
        return ("AllClear",)
    strongest: cap.ResponseType = "Execute" if request.event_code.startswith(_NO_SHELTER) else "Shelter"
    by_level: dict[Level, tuple[cap.ResponseType, ...]] = {
        Level.BLUE: ("Monitor",), Level.YELLOW: ("Prepare",), Level.ORANGE: ("Prepare", "Avoid"), Level.RED: (strongest, "Avoid")}
    return by_level[request.level]


def _geocodes(codes: Sequence[str]) -> tuple[cap.NamedValue, ...]:
    """12 digits for every numeric zone code, then the districts they lie in; a grid cell's own code means nothing outside."""
    numeric = [code for code in codes if code.isascii() and code.isdigit() and len(code) in (6, 9, 12)]
    long = dict.fromkeys(code.ljust(12, "0") for code in numeric)
    short = dict.fromkeys(code[:6] for code in numeric)
    return (*(cap.NamedValue(name=cap.CPEAS, value=code) for code in long), *(cap.NamedValue(name=cap.GBT2260, value=code) for code in short))
