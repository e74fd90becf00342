"""Explain: the basis of a proposal in words, and what would have changed the answer; every number is one of the basis."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from warning.level import Level
from warning.watch.basis import Basis, LeafMargin, Step

_TEST = re.compile(r"(?P<name>\w+)(?:/(?P<hours>[\d.]+)h)? \[")
_COMPARISON = re.compile(r"(?P<quantity>\w+(?:/[\d.]+h)? \[)(?P<units>[^\]]*)\] (?P<operator>[<>]=?) (?P<value>-?[\d.e+]+)(?: on (?P<days>\d+) days)?")
_CHANCE = re.compile(r"probability\((?P<of>.*)\) \[1\] >= (?P<least>[\d.]+)")
_NAMES: dict[str, tuple[str, str]] = {
    "rain": ("雨量", "rain"), "snow_water": ("降雪量（融水）", "snow (melted)"), "mean_bft": ("平均风力", "mean wind"), "gust_bft": ("阵风", "gusts"),
    "wind_speed": ("平均风速", "mean wind"), "wind_gust": ("阵风风速", "gusts"), "air_temperature": ("气温", "air temperature"),
    "temperature_drop": ("降温幅度", "temperature drop"), "tmax": ("日最高气温", "daily maximum"), "tmin": ("日最低气温", "daily minimum"),
    "ground_tmin": ("地面最低温度", "ground minimum"), "road_temperature": ("路面温度", "road temperature"),
    "relative_humidity": ("相对湿度", "relative humidity"), "visibility": ("能见度", "visibility"), "pm25": ("PM2.5", "PM2.5"),
    "water_level": ("水位", "water level"), "water_depth": ("积水深度", "water depth"),
}
_UNITS: dict[str, tuple[str, str]] = {
    "bft": ("级", "Bft"), "degC": ("℃", "°C"), "m s-1": ("米/秒", "m/s"), "ug m-3": ("微克/立方米", "µg/m³"), "mm": ("毫米", "mm"), "m": ("米", "m"), "cm": ("厘米", "cm")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One sentence in both languages; ``kind``: reached, short, area, waits, falls, unknown, source."""

    kind: str
    zh: str
    en: str


def explained(basis: Basis, *, zone_zh: str, zone_en: str) -> list[Said]:
    """Why this level, what would have changed it, and how sure the rule is: strongest first."""
    steps = sorted(basis.steps, key=lambda step: -step.level)
    now = next((step for step in steps if step.met), None)
    said: list[Said] = []
    for step in steps:
        if now is None or step.level > now.level:
            said += _short(step, zone_zh, zone_en)
        elif step is now:
            below = next((one for one in steps if one.level < step.level and one.met), None)
            said = [*_reached(step, below, zone_zh, zone_en), *said]
    if basis.gauges_over:
        said.insert(0, Said(
            kind="reached", zh=f"测站：{basis.gauges_over} 个测站自身已超过 {basis.row} 的阈值。",
            en=f"Gauges: {basis.gauges_over} stations are over the threshold of {basis.row} by themselves."))
    if now is not None:
        said += _waits(basis, now)
    row = next((step for step in steps if step.row == basis.row), None)
    return said + ([] if row is None else [_source(row)])


def quantity_name(text: str) -> tuple[str, str]:
    """``rain/6h [mm]`` → (``6 小时雨量``, ``rain in 6 h``)."""
    found = _TEST.match(text)
    if found is None:
        return text, text
    zh, en = _NAMES.get(found["name"], (found["name"], found["name"]))
    return (zh, en) if found["hours"] is None else (f"{found['hours']} 小时{zh}", f"{en} in {found['hours']} h")


def words_of(text: str) -> tuple[str, str]:
    """A row's test in both languages: ``rain/6h [mm] >= 50`` → ``6 小时雨量 ≥ 50 毫米``; the chance of one, and AND and OR, likewise."""
    chance = _CHANCE.fullmatch(text)
    if chance is not None:
        zh, en = words_of(chance["of"])
        return f"概率 ≥ {percent(float(chance['least']))}：{zh}", f"probability ≥ {percent(float(chance['least']))}: {en}"
    zh, en = _COMPARISON.sub(lambda found: _comparison_words(found, 0), text), _COMPARISON.sub(lambda found: _comparison_words(found, 1), text)
    return zh.replace(" and ", " 且 ").replace(" or ", " 或 "), en


def _comparison_words(found: re.Match[str], lang: int) -> str:
    days = "" if found["days"] is None else (f"（连续 {found['days']} 天）", f" on {found['days']} days")[lang]
    return f"{quantity_name(found['quantity'])[lang]} {sign(found['operator'])} {number(float(found['value']))} {unit(found['units'])[lang]}{days}"


def unit(units: str) -> tuple[str, str]:
    return _UNITS.get(units, (units, units))


def number(value: float) -> str:
    """One decimal, none where it is 0: the same everywhere on the page."""
    return f"{value:.1f}".removesuffix(".0")


def sign(operator: str) -> str:
    return {">=": "≥", "<=": "≤"}.get(operator, operator)


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _reached(step: Step, below: Step | None, zone_zh: str, zone_en: str) -> list[Said]:
    said = []
    to_zh, to_en = (f"就只是{below.level.zh}", f"it would be {below.level.key}") if below else ("就达不到任何等级", "no level would be reached")
    for leaf in step.leaves:
        (q_zh, q_en), (u_zh, u_en) = quantity_name(leaf.test), unit(leaf.units)
        if not leaf.hangs:
            said.append(Said(
                kind="reached", zh=f"{q_zh}：另一条件已足够，{step.level.zh}不取决于它。",
                en=f"{q_en}: another condition suffices, {step.level.key} does not hang on it."))
        elif leaf.decisive is not None and leaf.beyond is not None and leaf.beyond >= 0:
            low_zh, low_en = ("低于", "below") if leaf.operator in (">=", ">") else ("高于", "above")
            said.append(Said(
                kind="reached",
                zh=f"{q_zh}：{_over(step, zone_zh, 'zh')}达到 {number(leaf.decisive)} {u_zh}，{step.level.zh}要求 {sign(leaf.operator)} {number(leaf.threshold)}，"
                   f"余量 {number(leaf.beyond)} {u_zh}；若{low_zh} {number(leaf.threshold)} {u_zh}，{to_zh}。",
                en=f"{q_en}: {_over(step, zone_en, 'en')} has {number(leaf.decisive)} {u_en}; {step.level.key} asks for {sign(leaf.operator)} "
                   f"{number(leaf.threshold)}, {number(leaf.beyond)} {u_en} to spare. {low_en.capitalize()} {number(leaf.threshold)} {u_en} {to_en}."))
    said.append(Said(
        kind="area",
        zh=f"面积：{step.cells} 个格点超过{step.level.zh}阈值，占 {percent(step.share)}，要求 {_needed(step, 'zh')}；再少 {step.spare_cells} 个格点仍然成立。",
        en=f"Area: {step.cells} cells are over the {step.level.key} threshold, {percent(step.share)}; {_needed(step, 'en')} is asked for. "
           f"{step.spare_cells} cells fewer would still do."))
    return said + _goes_on(step)


def _goes_on(step: Step) -> list[Said]:
    """What is known of more to come, of a row that counts what has fallen only while there may be."""
    hours = f"{step.lead_h:g}"
    match step.goes_on:
        case "yes":
            return [Said(kind="reached", zh=f"持续：预报未来 {hours} 小时仍有降水；若预报无降水，{step.level.zh}不再成立。",
                         en=f"Going on: more is forecast within {hours} h; were none, {step.level.key} would no longer hold.")]
        case "unknown":
            return [Said(kind="unknown", zh=f"持续：未来 {hours} 小时是否仍有降水未知，按可能持续处理（未知不等于没有）。",
                         en=f"Going on: whether more is to come within {hours} h is unknown, and taken as possible (unknown is never \"no hazard\").")]
        case "no":
            return [Said(kind="short", zh=f"{step.level.zh}：已达阈值，但预报未来 {hours} 小时基本无降水（不足 0.1 毫米），规则要求“可能持续”，故不成立。",
                         en=f"{step.level.en}: reached, but less than 0.1 mm more is forecast within {hours} h; the rule asks that it may go on, so it is not met.")]
    return []


def _short(step: Step, zone_zh: str, zone_en: str) -> list[Said]:
    """How far the next colours are: the nearest comparison, and the area where some of it is over the threshold already."""
    if step.goes_on == "no":
        return _goes_on(step)
    said = [] if step.met is not None else [Said(
        kind="unknown", zh=f"{step.level.zh}：在规则要求的未来 {step.lead_h:g} 小时内，只有 {percent(step.known_share)} 的面积资料齐全，无法排除。",
        en=f"{step.level.en}: only {percent(step.known_share)} of the area is known for all of the {step.lead_h:g} h that the rule looks ahead, so it cannot be "
           f"ruled out.")]
    near = [leaf for leaf in step.leaves if leaf.decisive is not None and leaf.beyond is not None and leaf.beyond < 0]
    if near:
        leaf = min(near, key=_distance)
        assert leaf.decisive is not None  # chosen above
        assert leaf.beyond is not None
        (q_zh, q_en), (u_zh, u_en) = quantity_name(leaf.test), unit(leaf.units)
        said.append(Said(
            kind="short",
            zh=f"距{step.level.zh}：{q_zh}还差 {number(-leaf.beyond)} {u_zh}（{_over(step, zone_zh, 'zh')}为 {number(leaf.decisive)}，要求 {sign(leaf.operator)} {number(leaf.threshold)}）。",
            en=f"{step.level.en} is {number(-leaf.beyond)} {u_en} of {q_en} away: {_over(step, zone_en, 'en')} has {number(leaf.decisive)}, "
               f"{sign(leaf.operator)} {number(leaf.threshold)} is asked for."))
    if step.cells:
        said.append(Said(
            kind="area",
            zh=f"{step.level.zh}：已有 {step.cells} 个格点超过阈值，占 {percent(step.share)}，要求 {_needed(step, 'zh')}；再多 {-step.spare_cells} 个格点即达到。",
            en=f"{step.level.en}: {step.cells} cells are over its threshold already, {percent(step.share)} where {_needed(step, 'en')} is asked for; "
               f"{-step.spare_cells} more cells would do."))
    return said


def _waits(basis: Basis, step: Step) -> list[Said]:
    level = int(step.level)
    up = _trailing([low >= level for low in basis.lows])
    down = _trailing([known < level for known in basis.known])
    at_once = step.level is Level.RED
    return [
        Said(
            kind="waits",
            zh=f"升级：{'红色立即提出。' if at_once else f'连续 {min(up, basis.cycles_up)} / {basis.cycles_up} 个时次达到{step.level.zh}。'}",
            en="Rise: red is proposed at once." if at_once else
               f"Rise: {min(up, basis.cycles_up)} of {basis.cycles_up} cycles in a row reached {step.level.key}."),
        Said(
            kind="falls",
            zh=f"降级：须连续 {basis.cycles_down} 个资料充分的时次低于{step.level.zh}，目前 {down} 个。",
            en=f"Fall: it takes {basis.cycles_down} cycles with sufficient data below {step.level.key} in a row; so far {down}."),
    ]


def _source(step: Step) -> Said:
    flag_zh = "阈值尚待主管部门确认。" if step.unconfirmed else ""
    flag_en = " The number is not confirmed by the authority yet." if step.unconfirmed else ""
    from_zh, from_en = (f"，沿用 {step.inherited}", f", inherited from {step.inherited}") if step.inherited else ("", "")
    return Said(
        kind="source", zh=f"规则 {step.row}（可信度 {step.confidence}{from_zh}）：{step.source_zh or step.source_en}。{flag_zh}",
        en=f"Rule {step.row} (confidence {step.confidence}{from_en}): {step.source_en}.{flag_en}")


def _over(step: Step, zone: str, lang: str) -> str:
    if step.need <= 0:
        return f"{zone}内最强格点" if lang == "zh" else f"the strongest cell of {zone}"
    return f"{zone} {percent(step.need)} 的面积" if lang == "zh" else f"{percent(step.need)} of {zone}"


def _needed(step: Step, lang: str) -> str:
    if step.need <= 0:
        return "任一格点" if lang == "zh" else "any cell"
    return percent(step.need)


def _distance(leaf: LeafMargin) -> float:
    return abs(leaf.beyond or 0.0) / max(abs(leaf.threshold), 10.0 if leaf.units == "degC" else 1e-9)


def _trailing(flags: Sequence[bool]) -> int:
    count = 0
    for flag in reversed(flags):
        if not flag:
            break
        count += 1
    return count
