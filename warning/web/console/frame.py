"""The frame of every console page: the look, the head, and a drill that cannot be taken for the real thing."""

import json
from html import escape

import nicegui
from nicegui import ui

from warning.web.console.keys import help_button, keys, skip_link
from warning.web.console.visit import Visit
from warning.web.links import switched
from warning.web.words import Lang

CSS = """
:root{--l1:#1257b0;--l2:#ffd83d;--l3:#ff9a1f;--l4:#c4161c;--ink:#1b2430;--soft:#566170;--line:#cfd6df;--ground:#eef1f5;--bar:0rem}
html:has(body.drill){--bar:2.4rem}@media(max-width:640px){html:has(body.drill){--bar:3.8rem}}
html{scroll-padding-top:calc(var(--bar) + .4rem)}
body{background:var(--ground);color:var(--ink);font:14px/1.45 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:0}
.nicegui-content{padding:0;gap:0;width:100%}
.head{display:flex;flex-wrap:wrap;align-items:center;gap:.3rem .65rem;padding:.35rem 1rem;background:#1b2430;color:#fff;width:100%}
.head>*,.head nav>*{white-space:nowrap}.head nav{display:contents}.head a,.head button{color:#fff}.head a,.head form button{display:inline-block;padding:.25rem 0;min-height:28px}.head b{font-size:1.05rem}.head .grow{flex:1}
.head form{margin:0}.head form button{background:none;border:0;cursor:pointer;text-decoration:underline;font:inherit}.head a[aria-current]{font-weight:700;text-decoration-thickness:3px;text-underline-offset:4px}
.drillbar{position:sticky;top:0;z-index:2500;min-height:var(--bar);align-content:center;background:repeating-linear-gradient(45deg,#5b2a86 0 22px,#7a3fae 22px 44px);color:#fff;width:100%;padding:.3rem 1rem;text-align:center;font-weight:700;font-size:1.05rem;letter-spacing:.06em}
body.drill .q-notifications__list--top{top:calc(var(--bar) + .4rem)}
.drillbar span{background:#fff;color:#4a1d73;border-radius:4px;padding:0 .7rem;margin-right:.6rem}
body.drill::after{content:"";position:fixed;inset:0;pointer-events:none;z-index:3000;border:6px solid #6f3aa0;background:url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='560' height='380'%3E%3Ctext x='280' y='200' text-anchor='middle' font-size='68' font-weight='700' fill='%236f3aa0' fill-opacity='.08' transform='rotate(-24 280 190)'%3E演练 DRILL%3C/text%3E%3C/svg%3E")}
.board{display:grid;grid-template-columns:290px minmax(0,1fr) 340px;gap:.6rem;padding:.6rem .8rem;width:100%;align-items:start}
@media(max-width:1000px){.board{grid-template-columns:minmax(0,1fr)}}
@media(min-width:1001px){.board>.pane:first-child{position:sticky;top:calc(var(--bar) + .4rem);max-height:calc(100vh - var(--bar) - 1rem);overflow-y:auto}}
.pane{background:#fff;border:1px solid var(--line);border-radius:8px;padding:.6rem .7rem;width:100%}
.pane h2{font-size:.95rem;font-weight:700;margin:0 0 .4rem;line-height:1.3}
.pane p{margin:.15rem 0}.soft{color:var(--soft)}.small{font-size:.86rem}
.chip{display:inline-block;border-radius:4px;padding:0 .4rem;font-weight:700;white-space:nowrap}
.l1{background:var(--l1);color:#fff}.l2{background:var(--l2);color:#1a1a1a}.l3{background:var(--l3);color:#1a1a1a}.l4{background:var(--l4);color:#fff}
.entry{display:block;width:100%;text-align:left;border:1px solid var(--line);border-left-width:7px;border-radius:6px;background:#fff;padding:.4rem .55rem;margin:0 0 .4rem;cursor:pointer;font:inherit;color:inherit}
li.entry{content-visibility:auto;contain-intrinsic-size:auto 5.5rem}
.entry:hover{background:#f5f8fc}.entry:focus-visible,a:focus-visible,button:focus-visible{outline:3px solid #0b4fa8;outline-offset:1px}
.entry.chosen{background:#e5effb;box-shadow:inset 0 0 0 2px #0b4fa8}
.b1{border-left-color:var(--l1)}.b2{border-left-color:var(--l2)}.b3{border-left-color:var(--l3)}.b4{border-left-color:var(--l4)}
.row{display:flex;gap:.5rem;align-items:center;flex-wrap:wrap}
.q-radio.row,.q-checkbox.row,.q-toggle.row{gap:0}.q-option-group--inline>div+div{margin-left:1rem}
.texts{display:grid;grid-template-columns:1fr 1fr;gap:.6rem;width:100%}
.grid{border-collapse:collapse;width:100%;font-size:.88rem}.grid th{text-align:left;color:var(--soft);font-weight:600}.grid td,.grid th{padding:.2rem .5rem .2rem 0;border-bottom:1px solid #e7ebf0;vertical-align:top}
.clock{font-variant-numeric:tabular-nums;font-size:1.7rem;font-weight:700;line-height:1.1}.clock.late{color:#b00020}.clock.done{color:#0d5a2b}
.meter{display:flex;height:14px;border-radius:4px;overflow:hidden;background:#dfe4ea;width:100%}
.meter i{display:block;height:100%}.s-delivered{background:#0d6b34}.s-accepted{background:#3c9a5f}.s-queued,.s-claimed{background:#b5bec9}.s-unknown{background:#8b6fb5}.s-failed{background:#b00020}.s-muted,.s-superseded,.s-expired{background:#6b7684}
.fault{border-left:4px solid #b00020;background:#fdf0f1;padding:.3rem .5rem;margin:.3rem 0;border-radius:4px}
.wait{border-left:4px solid #8a5a00;background:#fff6e0;padding:.3rem .5rem;margin:.3rem 0;border-radius:4px}
.late-word{color:#b00020;font-weight:700}
.pane h1,main h1{font-size:1.2rem;font-weight:700;line-height:1.5;letter-spacing:0;margin:0}
.acts{position:sticky;bottom:6px;background:#fff;padding:.5rem 0 .2rem;z-index:5;width:100%;justify-content:flex-end}
a{color:#0b4fa8}
.texts textarea{font-size:.88rem;line-height:1.4}
.note{border-left:3px solid var(--line);padding:.1rem .5rem;margin:.25rem 0;overflow-wrap:anywhere}
.drillchip{background:#6f3aa0;color:#fff;font-weight:800;padding:0 .5rem;border-radius:4px}
.drillentry{background:repeating-linear-gradient(135deg,#fff 0 26px,#f1e8fb 26px 52px)!important;border-left-color:#6f3aa0!important;border-left-style:dashed}
.live{background:#c4161c;color:#fff;font-weight:800;padding:0 .6rem;border-radius:4px}
#popup{inset:0 0 auto!important;margin:0;border:0;border-radius:0;background:#b00020!important;color:#fff;flex-flow:row wrap;justify-content:center;gap:.2rem .8rem;padding:.8rem 1rem;font-size:1.15rem;font-weight:700}
#popup>span:first-child::before{content:none}body.drill #popup{top:var(--bar)!important}
.confirm{min-width:min(26rem,90vw)}
.drillcard{background:repeating-linear-gradient(135deg,#fff 0 26px,#f6f0fc 26px 52px)}
"""


def drill_chip(visit: Visit, status: str) -> bool:
    """A drill beside real warnings says so wherever it is named; True when it is one. In a drill deployment everything is one."""
    beside = status != "Actual" and not visit.drill
    if beside:
        ui.label("演练 DRILL").classes("drillchip")
    return beside


# A reload, and the other language, find what was chosen.
_REMEMBER = """(() => { const a = document.querySelector('a.language');
for (const [address, put] of [[location.href, (url) => history.replaceState(null, '', url)], [a && a.href, (url) => { a.href = url }]]) {
  if (address) { const url = new URL(address); url.searchParams.set(%s, %s); put(url.href) } } })()"""


def remember(key: str, value: str) -> None:
    """What somebody has chosen on this page stands in its address from now on."""
    ui.run_javascript(_REMEMBER % (json.dumps(key), json.dumps(value)))


def frame(visit: Visit, here: str) -> None:
    """Head and banner, in one piece; ``here`` is this page's own path below /console, for the language switch."""
    ui.page_title(("演练 · " if visit.drill else "") + visit.t("console"))
    # What NiceGUI's scripts ask for only when they run.
    ui.add_head_html(f'<link rel="modulepreload" href="/console/_nicegui/{nicegui.__version__}/static/dompurify.mjs">')
    # What NiceGUI says when the server is silent is a small card in a corner; the page stands still then, and must not be taken for calm.
    ui.add_css(CSS + f"#popup::after{{content:{json.dumps(visit.t('stands_still'), ensure_ascii=False)}}}")
    keys(visit)
    bar = ""
    if visit.drill:
        ui.add_body_html("<script>document.body.classList.add('drill')</script>")
        bar = f"<div class='drillbar' role='note'><span>演练 DRILL</span>{escape(visit.t('drill_line'))}</div>"
    ui.html(skip_link(visit) + bar + _head(visit, here), sanitize=False).style("display:contents")


_PAGES = ("proposals", "/"), ("compose", "/compose"), ("arrivals_link", "/arrivals"), ("responses", "/responses"), ("call_board", "/calls"), ("roster", "/roster"), (
    "packs", "/packs"), ("routes", "/routes"), ("wall", "/wall")


def _head(visit: Visit, here: str) -> str:
    other: Lang = "zh" if visit.lang == "en" else "en"
    live = "" if visit.drill else "<div class='live'>实战 LIVE</div>"
    links = "".join(
        f"<a href='/console{path}?lang={visit.lang}'{' aria-current=page' if path == here else ''}>{escape(visit.t(word))}</a>" for word, path in _PAGES
        if path != "/arrivals" or visit.account.role != "office")  # what partners send is the desk's
    whose = f"{visit.t('signed_in')} {visit.account.name} ({visit.t(f'role_{visit.account.role}')})"
    return (
        f"<div class='head' role='banner'><b>{escape(visit.t('console'))}</b>{live}<nav aria-label='{escape(visit.t('pages'))}'>{links}</nav><div class='grow'></div>{help_button(visit)}"
        f"<a class='small' href='/me?lang={visit.lang}'>{escape(whose)}</a>"
        f"<a class='language' href='/console{escape(switched(here, visit.request.query_params, other))}'>{escape(visit.t('other_language'))}</a>"
        f"<form method='post' action='/logout'><button type='submit'>{escape(visit.t('logout'))}</button></form></div>")
