"""Packs on the console: what each asks, which sites it binds to, the two signatures, and the newest risk notices."""

from html import escape

from nicegui import ui

from warning.account import Account, Act
from warning.dispatch.risk.desk import Signature
from warning.store.risk import NoticeRow
from warning.watch.chain import Chain, WarningInForce
from warning.watch.explain import words_of
from warning.watch.pack import Pack, PackClass
from warning.web.console.frame import frame
from warning.web.console.visit import Visit
from warning.web.words import Lang, hazard_name, local_time

_WORDS: dict[str, tuple[str, str]] = {
    "packs": ("行业规则包", "Sector packs"), "notices": ("风险提示", "Risk notices"),
    "about": ("规则包须两人签署后才会向场所责任人发送提示；文件内容一变，签署即失效。", "A pack sends to the owners of sites only when two people have signed it; a changed file needs new signatures."),
    "sites": ("场所", "sites"), "none": ("无", "none"), "sign": ("签署", "Sign"), "withdraw": ("停用", "Withdraw"), "reason": ("停用理由", "reason to withdraw"),
    "unsigned": ("未签署：不发送", "not signed: sends nothing"), "half": ("{one} 已签署，待第二人", "signed by {one}, waits for a second person"),
    "both": ("{one}、{two} 已签署：发送中", "signed by {one} and {two}: it sends"), "unconfirmed": ("⚠ 待确认", "⚠ not confirmed"),
    "head": ("时间|场所|规则包|变化|状态", "time|site|pack|act|state"), "done": ("已记录", "Recorded"), "no_notice": ("还没有风险提示", "No risk notices yet"),
}
_ACTS = {"opened": ("提示", "opened"), "raised": ("提升", "raised"), "lowered": ("降低", "lowered"), "ended": ("解除", "ended")}


async def packs_page(visit: Visit) -> None:
    """Read once when it is opened and after each act."""
    frame(visit, "/packs")
    with ui.element("main").style("padding:.8rem;width:100%;max-width:78rem;margin:0 auto"):
        body = ui.element("div").style("display:grid;gap:.7rem")

    async def draw() -> None:
        signed = await visit.parts.risks.signatures(visit.parts.packs)
        newest = await visit.parts.risks.notices(limit=30)
        body.clear()
        with body:
            with ui.element("section").classes("pane"):
                ui.html(f"<h2>{_t('notices', visit.lang)}</h2><div style='overflow-x:auto' tabindex='0' role='region' aria-label='{_t('notices', visit.lang)}'>{_notices(newest, visit)}</div>", sanitize=False)
            with ui.element("section").classes("pane"):
                ui.html(f"<h2>{_t('packs', visit.lang)} ({len(visit.parts.packs)})</h2><p class='soft small'>{_t('about', visit.lang)}</p>", sanitize=False)
                for pack in visit.parts.packs:
                    _pack(visit, pack, signed[pack.id])

    def _pack(visit: Visit, pack: Pack, signature: Signature) -> None:
        en = visit.lang == "en"
        bound = [site.about.name_en if en else site.about.name_zh for site in visit.parts.sites if site.kind in pack.kinds]
        with ui.element("div").style("border-top:1px solid #e7ebf0;padding:.4rem 0"):
            ui.html(f"<b>{escape(pack.en if en else pack.zh)}</b> <span class='soft small'>{escape(pack.id)} {escape(pack.version)} · {_t('sites', visit.lang)}: "
                    f"{escape(', '.join(bound) or _t('none', visit.lang))}</span>"
                    f"<ul class='small' style='margin:.2rem 0;padding-left:1.1rem'>{''.join(_class(one, visit) for one in pack.classes)}</ul>", sanitize=False)
            with ui.element("div").classes("row"):
                ui.label(_state(signature, visit.lang)).classes("small" if signature.approved_by else "wait small")
                if not visit.can(Act.SUBMIT):
                    return
                if signature.approved_by is None and signature.submitted_by != visit.account.name:
                    ui.button(_t("sign", visit.lang), on_click=lambda: sign(pack.id)).props(f'dense no-caps color=primary aria-label="{_t("sign", visit.lang)} {pack.id}"')
                if signature.submitted_by is not None:
                    why = ui.input(_t("reason", visit.lang)).props("dense outlined").style("width:12rem")
                    ui.button(_t("withdraw", visit.lang), on_click=lambda: withdraw(pack.id, str(why.value or ""))).props("dense outline no-caps color=grey-9")

    async def sign(pack: str) -> None:
        async def verb(account: Account) -> None:
            await visit.parts.risk.sign(pack, account=account)

        if await visit.act(verb, _t("done", visit.lang)):
            await draw()

    async def withdraw(pack: str, reason: str) -> None:
        async def verb(account: Account) -> None:
            await visit.parts.risk.withdraw(pack, account=account, reason=reason)

        if await visit.act(verb, _t("done", visit.lang)):
            await draw()

    await draw()


def _chain(chain: Chain, visit: Visit) -> str:
    en = visit.lang == "en"
    if isinstance(chain, WarningInForce):
        hazard = hazard_name(visit.parts.rule_sets, chain.hazard, visit.lang)
        return f"{hazard} {chain.level.key} or above in force" if en else f"{hazard}{chain.level.zh}或以上预警生效"
    title = next((pack.en if en else pack.zh for pack in visit.parts.packs if pack.id == chain.pack), chain.pack)
    return f"notice of “{title}” open: {chain.key} or above" if en else f"“{title}”提示生效：{chain.key} 或以上"


def _class(one: PackClass, visit: Visit) -> str:
    lang, en = visit.lang, visit.lang == "en"
    asked = " · ".join(filter(None, [
        "" if one.rule is None else words_of(str(one.rule.criterion).removeprefix("(").removesuffix(")"))[en], "" if one.chain is None else _chain(one.chain, visit),
        "" if one.manual is None else one.manual.en if en else one.manual.zh]))
    flag = f" <b>{_t('unconfirmed', lang)}</b>" if one.unconfirmed else ""
    return (f"<li>{escape(one.en if en else one.zh)} <span class='soft'>({escape(asked)})</span>: {escape(one.action_en if en else one.action_zh)} "
            f"<span class='soft'>[{escape(one.confidence)}] {escape(one.source.en if en else one.source.zh)}</span>{flag}</li>")


def _state(signature: Signature, lang: Lang) -> str:
    if signature.submitted_by is None:
        return _t("unsigned", lang)
    if signature.approved_by is None:
        return _t("half", lang).format(one=signature.submitted_by)
    return _t("both", lang).format(one=signature.submitted_by, two=signature.approved_by)


def _notices(newest: list[NoticeRow], visit: Visit) -> str:
    lang = visit.lang
    if not newest:
        return f"<p class='soft'>{_t('no_notice', lang)}</p>"
    names = {site.code: site.about.name_en if lang == "en" else site.about.name_zh for site in visit.parts.sites}
    titles = {pack.id: pack.en if lang == "en" else pack.zh for pack in visit.parts.packs}
    head = "".join(f"<th scope='col'>{word}</th>" for word in _t("head", lang).split("|"))
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in (
        local_time(one.at, lang), names.get(one.site, one.site), titles.get(one.pack, one.pack), f"{_ACTS[one.act][lang == 'en']} ({one.class_})",
        " ".join(filter(None, [one.state, one.reason])))) + "</tr>" for one in newest)
    return f"<table class='grid'><tr>{head}</tr>{rows}</table>"


def _t(key: str, lang: Lang) -> str:
    return _WORDS[key][lang == "en"]
