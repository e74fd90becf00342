"""Column: what the columns of a roster's file are called, in Chinese and English."""

from collections.abc import Mapping
from typing import Final

from warning.dispatch.kind import kind_of

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "zone": ("区划代码", "zone", "zone code", "代码"),
    "place": ("区划名称", "place", "地区", "区域", "街镇"),
    "post": ("岗位", "post", "岗位名称"),
    "kind": ("类别", "kind", "岗位类别"),
    "order": ("顺序", "order", "序位"),
    "name": ("姓名", "name", "责任人姓名"),
    "title": ("职务", "title"),
    "hazards": ("灾种", "hazards"),
    "above": ("上级岗位", "above"),
    "expires": ("有效期", "expires", "有效期至"),
    "phone": ("手机", "phone", "电话", "手机号", "联系电话"),
    "from": ("起", "from", "开始"),
    "to": ("止", "to", "结束"),
    "instead_of": ("替", "instead_of", "替班"),
    "rule": ("制度", "rule", "制度文件"),
    "rule_on": ("制度日期", "rule_on", "印发日期"),
    "lat": ("纬度", "lat"),
    "lon": ("经度", "lon"),
    "note": ("备注", "note"),
}
_CHANNELS: Final = {"短信": "sms", "语音": "voice", "邮箱": "email", "电子邮箱": "email", "接口": "webhook", "显示屏": "display", "大喇叭": "loudspeaker"}
_OF: Final = {word: key for key, words in _NAMES.items() for word in words}

TABLES: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    "shifts": (frozenset({"zone", "post", "name", "from", "to"}), frozenset({"instead_of", "place", "note"})),
    "people": (frozenset({"zone", "post", "name"}), frozenset({"place", "kind", "order", "title", "hazards", "above", "expires", "phone", "note"})),
    "places": (frozenset({"zone", "rule"}), frozenset({"place", "rule_on", "lat", "lon", "note"})),
}
"""Each table with the columns that it must have, by which it is known, and those that it may have."""


def column_of(word: str, channels: Mapping[str, str]) -> str | None:
    """The key of a column, ``@name`` for the channel ``name``; None = unknown."""
    word = word.strip().lower()
    if word in channels:
        return f"@{word}"
    if word in _OF:
        return _OF[word]
    kind = _CHANNELS.get(word, word)
    found = next((name for name in channels if kind_of(name, channels) == kind), None)
    return None if found is None else f"@{found}"


def title_of(key: str) -> str:
    """What our own export and our faults call it."""
    return key.removeprefix("@") if key.startswith("@") else _NAMES[key][0]
