"""The roster on the console: a list is brought in after it was checked, gaps before they matter, the spreading standard on the map."""

from collections.abc import Mapping, Sequence
from html import escape

from nicegui import events, ui

from warning.account import Account, Act
from warning.office.proof import TESTED
from warning.office.work import Trial
from warning.roster.gap import Gap
from warning.roster.post import Post
from warning.roster.reading import Reading
from warning.roster.score import MARKS, Score, by_district
from warning.roster.sheet import MOST_BYTES
from warning.web.api.roster import masked
from warning.web.console.frame import frame
from warning.web.console.ground import painted
from warning.web.console.visit import Visit
from warning.web.console.zonemap import ZoneMap
from warning.web.words import DELIVERY_WORDS, channel_word, local_time, zone_name

_MOST = 200
_AS = {"waiting": "queued", "retry": "failed", "rejected": "failed"}
"""A test's state in the words of a delivery's: it is tried once."""
_COLOURS = ("#b00020", "#e0662b", "#e7b416", "#8fbf5a", "#0d6b34")
"""0 to 4 points."""


async def roster_page(visit: Visit) -> None:
    """Read once when it is opened and after each act. Raises NotAllowed for an office without an area."""
    posts = await visit.parts.rosters.posts(visit.account)
    frame(visit, "/roster")
    with ui.element("main").style("padding:.8rem;width:100%;max-width:84rem;margin:0 auto;display:grid;gap:.7rem;grid-template-columns:minmax(0,1fr)"):
        ui.html(f"<h1 style='font-size:1.3rem;line-height:1.4;margin:0'>{visit.t('roster')}</h1><p class='soft small' style='margin:0'>{visit.t('roster_about')}</p>", sanitize=False)
        if visit.can(Act.SUBSCRIBE):
            with ui.element("section").classes("pane"):
                _Bring(visit)
        with ui.element("section").classes("pane"):
            found = await visit.parts.rosters.gaps(visit.account)
            _gaps(visit, found, await visit.parts.proofs.latest([gap.contact_id for gap in found if gap.contact_id], account=visit.account))
        with ui.element("section").classes("pane"):
            await _scores(visit, await visit.parts.rosters.scores(visit.account))
        with ui.element("section").classes("pane"):
            _posts(visit, posts)


class _Bring:
    """A file is read and reported on as soon as it is chosen; it is imported by a second step, when nothing is wrong."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self._file: tuple[str, bytes] | None = None
        ui.html(f"<h2>{visit.t('roster_bring')}</h2><p class='small soft'>{visit.t('roster_how')}</p>", sanitize=False)
        with ui.element("div").classes("row"):
            # Quasar's own uploader has buttons without a name: it stays hidden behind one that has one.
            chooser = ui.upload(auto_upload=True, max_file_size=MOST_BYTES, on_upload=self._chosen).props('accept=".csv,.xlsx"').style("display:none")
            ui.button(visit.t("roster_choose"), on_click=lambda: chooser.run_method("pickFiles")).props("no-caps color=primary")
            self._whole = ui.checkbox(visit.t("roster_whole"), on_change=self._check)
            ui.button(visit.t("roster_export"), on_click=self._export).props("dense outline no-caps color=grey-9")
        self._report = ui.element("div")

    async def _chosen(self, event: events.UploadEventArguments) -> None:
        self._file = event.file.name, await event.file.read()
        await self._check()

    async def _check(self) -> None:
        await self._bring(dry_run=True)

    async def _bring(self, *, dry_run: bool) -> None:
        if self._file is None:
            return
        visit, file = self.visit, self._file
        self._report.clear()

        async def verb(account: Account) -> None:
            reading, change = await visit.parts.rosters.bring([file], account=account, dry_run=dry_run, whole=bool(self._whole.value))
            with self._report:
                ui.label(visit.t("roster_checked").format(rows=reading.rows, new=change.new, changed=change.changed, ended=change.ended)).classes("small")
                ui.html(_faults(reading, visit), sanitize=False)
                if reading.grave:
                    ui.label(visit.t("roster_fix")).classes("fault")
                elif dry_run:
                    ui.button(visit.t("roster_import"), on_click=self._import).props("no-caps color=primary")

        if await visit.act(verb, visit.t("roster_done") if not dry_run else file[0]) and not dry_run:
            ui.navigate.reload()

    async def _import(self) -> None:
        await self._bring(dry_run=False)

    async def _export(self) -> None:
        async def verb(account: Account) -> None:
            ui.download.content(await self.visit.parts.rosters.export(account), "roster.csv", "text/csv")

        await self.visit.act(verb, self.visit.t("roster_export"))


def _faults(reading: Reading, visit: Visit) -> str:
    return "".join(f"<p class='{'fault' if fault.grave else 'wait'} small'>{'✗' if fault.grave else '!'} {escape(fault.line(visit.lang))}</p>"
                   for fault in reading.faults[:_MOST])


def _gaps(visit: Visit, found: Sequence[Gap], tests: Mapping[int, Trial]) -> None:
    ui.html(f"<h2>{visit.t('roster_gaps')} ({len(found)})</h2>", sanitize=False)
    stale = sum(gap.kind in TESTED for gap in found)
    if stale and visit.can(Act.SUBSCRIBE):
        with ui.element("div").classes("row"):
            ui.button(visit.t("roster_test_all").format(n=stale), on_click=lambda: _test_all(visit)).props("dense outline no-caps color=grey-9")
            ui.label(visit.t("roster_test_about")).classes("small soft").style("flex:1;min-width:14rem")
    if not found:
        ui.label(visit.t("roster_no_gaps")).classes("soft")
    chinese = visit.lang == "zh"
    for gap in found[:_MOST]:
        with ui.element("div").classes("row").style("border-top:1px solid #e7ebf0;padding:.15rem 0"):
            ui.html(f"<b>{escape(gap.post.title)}</b> {escape(gap.person)} · {gap.kind.words(chinese=chinese)} <span class='soft'>{escape(gap.detail)} · "
                    f"{gap.kind.mend(chinese=chinese)}</span>{_tested(tests.get(gap.contact_id), visit) if gap.kind in TESTED else ''}", sanitize=False).classes("small").style("flex:1 1 16rem;overflow-wrap:anywhere")
            if gap.kind in TESTED and visit.can(Act.SUBSCRIBE):
                ui.button(visit.t("roster_test"), on_click=lambda _, number=gap.contact_id: _test(visit, number)).props(
                    f'dense flat no-caps aria-label="{visit.t("roster_test")} {escape(gap.person)} {escape(gap.detail)}"')
            if gap.contact_id and visit.can(Act.SUBSCRIBE):
                ui.button(visit.t("roster_prove"), on_click=lambda _, number=gap.contact_id: _prove(visit, number)).props(
                    f'dense flat no-caps aria-label="{visit.t("roster_prove")} {escape(gap.person)}"')
    if len(found) > _MOST:
        ui.label(f"… {len(found) - _MOST}").classes("soft")


def _tested(test: Trial | None, visit: Visit) -> str:
    """What became of the newest test message."""
    if test is None:
        return ""
    answered = f"{visit.t('roster_test_answered')} {local_time(test.answered_at, visit.lang)}" if test.answered_at else visit.t("roster_test_unanswered")
    said = DELIVERY_WORDS.get(_AS.get(test.state, test.state), ("", test.state))[visit.lang == "en"]
    return f" <b>· {visit.t('roster_test_sent')} {local_time(test.asked_at, visit.lang)}: {escape(said)}, {escape(answered)}</b>"


async def _test(visit: Visit, contact_id: int) -> None:
    async def verb(account: Account) -> None:
        await visit.parts.proofs.test(contact_id, account=account)

    if await visit.act(verb, visit.t("roster_test_asked")):
        ui.navigate.reload()


async def _test_all(visit: Visit) -> None:
    async def verb(account: Account) -> None:
        await visit.parts.proofs.test_all(account)

    if await visit.act(verb, visit.t("roster_test_asked")):
        ui.navigate.reload()


async def _prove(visit: Visit, contact_id: int) -> None:
    async def verb(account: Account) -> None:
        await visit.parts.rosters.prove(contact_id, how="answered a test call", account=account)

    if await visit.act(verb, visit.t("roster_proved")):
        ui.navigate.reload()


async def _scores(visit: Visit, found: Sequence[Score]) -> None:
    ui.html(f"<h2>{visit.t('roster_score')} ({len(found)})</h2>", sanitize=False)
    if not found:
        ui.label(visit.t("roster_no_score")).classes("soft")
        return
    with ui.element("div").style("display:grid;gap:.7rem;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr))"):
        _map(visit, found)
        head = "".join(f"<th scope='col'>{word}</th>" for word in (visit.t("roster_points"), visit.t("roster_place"), *(mark[1 if visit.lang == "zh" else 2] for mark in MARKS)))
        rows = "".join(f"<tr><td><b style='color:{_COLOURS[one.points] if one.points not in (2, 3) else '#5a4a00'}'>{one.points}</b>/4</td><td>{escape(one.name)} <span class='soft'>{one.zone}</span></td>"
                       + "".join(f"<td>{'✓' if getattr(one, key) else '✗'}</td>" for key, _, _ in MARKS) + "</tr>" for one in sorted(found, key=lambda one: (one.points, one.zone))[:_MOST])
        ui.html(f"<div style='overflow:auto;max-height:400px'><table class='grid'><tr>{head}</tr>{rows}</table></div>", sanitize=False)


def _map(visit: Visit, found: Sequence[Score]) -> None:
    """A district by the mean of its streets; a street with a place of its own as a dot; the number stands beside the colour."""
    ground = visit.watch.ground
    means = by_district(found, [zone.code for zone in ground.drawn])
    classes = {code: round(mean) + 1 for code, mean in means.items()}
    element = ZoneMap(visit, ground, label=visit.t("roster_map"), palette=[None, *({"fill": colour, "mark": ""} for colour in _COLOURS)])
    element.show("paint", visit.watch.papers.put({
        "zones": painted(ground, classes),
        "signs": {ground.place[code]: f"{zone_name(visit.parts.zones, code, visit.lang)} {mean:.1f}" for code, mean in means.items()}}))
    element.show("marks", {"gauges": [
        {"lat": one.lat, "lon": one.lon, "radius": 6, "fill": _COLOURS[one.points], "label": f"{one.name} {one.points}/4"}
        for one in found if one.lat is not None and one.lon is not None]})


def _posts(visit: Visit, posts: Sequence[Post]) -> None:
    ui.html(f"<h2>{visit.t('roster_posts')} ({len(posts)})</h2>", sanitize=False)
    if not posts:
        ui.label(visit.t("roster_empty")).classes("soft")
        return
    wanted = ui.input(visit.t("roster_find")).props("dense outlined clearable").style("max-width:22rem")
    body = ui.element("div").style("overflow-x:auto;margin-top:.3rem")

    def draw() -> None:
        words = str(wanted.value or "").strip()
        shown = [post for post in posts if not words or any(words in text for text in (post.zone, post.title, *(person.name for person in post.people)))]
        body.clear()
        with body:
            ui.html(f"<table class='grid'>{''.join(_post(post, visit) for post in shown[:_MOST])}</table>"
                    + (f"<p class='soft'>… {len(shown) - _MOST}</p>" if len(shown) > _MOST else ""), sanitize=False)

    wanted.on_value_change(draw)
    draw()


def _post(post: Post, visit: Visit) -> str:
    people = "<br>".join(
        f"{number}. {escape(person.name)} <span class='soft'>{escape(person.title)} "
        + (", " if visit.lang == "en" else "，").join(f"{escape(channel_word(one.channel, visit.lang))} {escape(masked(one.address))}" + (f" ✓{local_time(one.proved_at, visit.lang)}" if one.proved_at else "") for one in person.contacts)
        + "</span>" for number, person in enumerate(post.people, 1))
    return f"<tr><td><b>{escape(post.title)}</b><br><span class='soft'>{post.zone} · {post.kind.zh if visit.lang == 'zh' else post.kind.en}</span></td><td>{people}</td></tr>"
