"""Fault: what is wrong with a roster's file, where, and how it is mended; in both languages."""

from dataclasses import dataclass
from typing import Literal

Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """``row`` as the spreadsheet counts it (1 = the header; 0 = the sheet as a whole). ``grave``: nothing is imported while there is one."""

    sheet: str
    row: int
    column: str
    key: str
    value: str = ""
    grave: bool = True

    def what(self, lang: Lang) -> str:
        return _WORDS[self.key][lang == "en"].format(column=self.column, value=self.value)

    def mend(self, lang: Lang) -> str:
        return _MENDS[self.key][lang == "en"].format(column=self.column, value=self.value)

    def line(self, lang: Lang) -> str:
        """``people row 7, phone: … ; mend``."""
        where = f"{self.sheet} 第 {self.row} 行" if lang == "zh" else f"{self.sheet} row {self.row}"
        column = f"，{self.column}" if lang == "zh" else f", {self.column}"
        return f"{where if self.row else self.sheet}{column if self.column else ''}: {self.what(lang)}{'；' if lang == 'zh' else '; '}{self.mend(lang)}"


_WORDS: dict[str, tuple[str, str]] = {
    "unreadable": ("无法读取：{value}", "cannot be read: {value}"),
    "no_header": ("看不出这张表是什么", "it cannot be told what this sheet is"),
    "unknown_column": ("没有这一栏", "there is no such column"),
    "column_twice": ("这一栏出现两次", "the column is given twice"),
    "missing": ("没有填写", "is empty"),
    "zone": ("“{value}”不是区划代码", "{value!r} is no zone code"),
    "elsewhere": ("“{value}”不在本系统范围内", "{value!r} lies outside of this deployment"),
    "not_yours": ("“{value}”不在您的管辖区域内", "{value!r} lies outside of your area"),
    "kind": ("“{value}”不是岗位类别", "{value!r} is no kind of post"),
    "hazard": ("“{value}”不是灾种", "{value!r} is no hazard"),
    "order": ("“{value}”不是顺序号", "{value!r} is no order"),
    "date": ("“{value}”不是日期", "{value!r} is no date"),
    "time": ("“{value}”不是时间", "{value!r} is no time"),
    "number": ("“{value}”不是数", "{value!r} is no number"),
    "backwards": ("结束不晚于开始", "it ends before it begins"),
    "phone": ("“{value}”不是电话号码", "{value!r} is no telephone number"),
    "mail": ("“{value}”不是电子邮箱", "{value!r} is no e-mail address"),
    "url": ("这个网址不能用", "this URL may not be called"),
    "topic": ("不是 MQTT 主题", "this is no MQTT topic"),
    "twice": ("{value} 在同一岗位出现两次", "{value} stands twice at this post"),
    "differs": ("同一岗位的“{value}”前后不一", "{value!r} of the same post differs between rows"),
    "no_channel": ("本系统没有短信或语音通道，此号码无从呼叫", "this deployment has no SMS or voice channel, so the number cannot be called"),
    "stranger": ("{value} 不在该岗位名录中", "{value} is not on this post's list"),
    "no_post": ("没有这个岗位", "there is no such post"),
    "shared": ("号码与 {value} 相同", "the number is the same as that of {value}"),
    "no_contact": ("{value} 没有任何联系方式", "{value} has no way to be reached"),
    "empty": ("没有一行资料", "has no row"),
}
_MENDS: dict[str, tuple[str, str]] = {
    "unreadable": ("请另存为 UTF-8 的 CSV 或 .xlsx", "save it as UTF-8 CSV or .xlsx"),
    "no_header": ("首行应含：区划代码、岗位、姓名（名录）；或加 起、止（班次）；或 区划代码、制度（场所）", "the first row needs zone, post, name (people); with from, to (shifts); or zone, rule (places)"),
    "unknown_column": ("删去或改名；联系方式的栏名就是通道名", "take it out or rename it; a contact's column is called like its channel"),
    "column_twice": ("只留一栏", "keep one"),
    "missing": ("请填写", "fill it in"),
    "zone": ("填 6、9 或 12 位代码，如 310115140", "write 6, 9 or 12 digits, e.g. 310115140"),
    "elsewhere": ("核对代码，或先导入该区边界", "check the code, or load that zone's border first"),
    "not_yours": ("由该区域的账号导入", "let the account of that area import it"),
    "kind": ("用：责任人、联络员、灾害信息员、重点单位、社区终端、直通用户", "use responsible, liaison, information_officer, key_unit, terminal or subscriber"),
    "hazard": ("用规则中的灾种名，以顿号分隔", "use hazards of the rules, with commas between"),
    "order": ("填 1、2、3……", "write 1, 2, 3 …"),
    "date": ("写成 2026-04-20", "write it as 2026-04-20"),
    "time": ("写成 2026-11-26 08:00（北京时间）", "write it as 2026-11-26 08:00 (Beijing time)"),
    "number": ("写成 31.23", "write it as 31.23"),
    "backwards": ("对调或更正", "swap or correct them"),
    "phone": ("如 13812345678 或 021-64386700", "e.g. 13812345678 or 021-64386700"),
    "mail": ("如 duty@example.cn", "e.g. duty@example.cn"),
    "url": ("用外部可达的 https 地址", "use an https address that is reached from outside"),
    "topic": ("不含 # 与 +", "without # and +"),
    "twice": ("只留一行，多个号码填在多栏", "keep one row; several numbers go into several columns"),
    "differs": ("各行写成一样", "write the same in every row"),
    "no_channel": ("在设置 channels 中增加通道，或改填其他联系方式", "add a channel in the settings, or give another contact"),
    "stranger": ("先把此人列入名录，或更正姓名", "put the person on the list first, or correct the name"),
    "no_post": ("先在名录中建立此岗位，或更正区划与岗位名", "put the post on the list first, or correct zone and name"),
    "shared": ("若非同一人，请更正", "correct it unless they share a telephone"),
    "no_contact": ("补上联系方式：叫应时会直接跳到下一人", "add a contact: a call goes straight to the next person"),
    "empty": ("核对文件", "check the file"),
}
