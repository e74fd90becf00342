"""The main page: the map, the proposals and their evidence, what is in force, how it goes out; new data arrive by themselves."""

from collections.abc import Hashable
from uuid import UUID

from nicegui import ui

from warning.web.console import check, stack
from warning.web.console.differ import differ
from warning.web.console.editor import Editor
from warning.web.console.feeds import feed_list, states
from warning.web.console.following import InForce
from warning.web.console.frame import frame, remember
from warning.web.console.gone import gone, issued
from warning.web.console.mapfield import CSS as FIELD_CSS
from warning.web.console.mapfield import MapField
from warning.web.console.mapview import MapView
from warning.web.console.progress import Tick, going_out, still
from warning.web.console.proposals import ProposalList, places, title, zones_of
from warning.web.console.reading import Reading
from warning.web.console.reviews import owed, review_list
from warning.web.console.visit import Visit

EVERY_S = 1.5
AT_LAST_S = 1.0
"""The map, its legend and the heads of the lists come first; the form, the field and what is below the screen when the map is drawn, and after so long where it is not."""


class DeskPage:
    """One open console. Each pane is rebuilt only when what it shows has changed, so that typing is never disturbed."""

    def __init__(self, visit: Visit, reading: Reading, chosen: UUID | None) -> None:
        self.visit = visit
        self.reading = reading
        self.chosen = chosen
        self._shown: dict[str, Hashable] = {}
        self._proposals: ProposalList | None = None
        self._open: Editor | None = None
        self._standing: InForce | None = None
        self._whole = False
        self._ends: list[Tick] = []
        self._clocks: list[Tick] = []
        self._ages: list[Tick] = []
        frame(visit, "/")
        ui.add_css(check.CSS)
        ui.add_css(FIELD_CSS)
        ui.add_css(stack.CSS)
        self._away = ui.label(visit.t("database_away")).classes("fault").props('role="alert"').style("width:100%")
        with ui.element("main").classes("board"):
            self._list = ui.element("section").classes("pane").props(f'aria-label="{visit.t("proposals")}"')
            with ui.element("div").style("display:grid;gap:.6rem;min-width:0;grid-template-columns:minmax(0,1fr)"):
                with ui.element("section").classes("pane"):
                    self.map = MapView(visit, reading, shown=self._rest)
                    self._field = MapField(visit, self.map, visit.watch.fields, reading.fields)
                self._editor = ui.element("section").classes("pane").props(f'aria-label="{visit.t("evidence")}"')
            with ui.element("div").style("display:grid;gap:.6rem;min-width:0;grid-template-columns:minmax(0,1fr)"):
                self._reviews = ui.element("section").classes("pane").props(f'aria-label="{visit.t("reviews")}"')
                self._progress = ui.element("section").classes("pane").props(f'aria-label="{visit.t("progress")}"')
                self._feeds = ui.element("section").classes("pane").props(f'aria-label="{visit.t("feeds")}"')
                self._in_force = ui.element("section").classes("pane").props(f'aria-label="{visit.t("in_force")}"')
        self.show(reading)
        ui.timer(EVERY_S, self.tick)
        ui.timer(AT_LAST_S, self._rest, once=True)

    def _rest(self) -> None:
        """Now what is as much work for a browser as all the rest."""
        if self._whole:
            return
        self._whole = True
        self._field.open()
        if self._standing is not None:
            self._standing.more(self.reading)
        self.show(self.reading)

    async def tick(self) -> None:
        """Read, and show what is new."""
        self.show(await self.visit.watch.reading())

    async def anew(self) -> None:
        """As it is after an act of one's own; what is chosen is drawn again whatever it was."""
        self._shown.pop("editor", None)
        self.show(await self.visit.watch.reading(fresh=True))

    def _next(self) -> None:
        if self.reading.proposals:
            self.choose(self.reading.proposals[0].id)

    def choose(self, proposal_id: UUID) -> None:
        self.chosen = proposal_id
        remember("proposal", str(proposal_id))
        self.show(self.reading)

    def show(self, reading: Reading) -> None:
        self.reading = reading
        self._away.set_visibility(reading.away)
        live = {proposal.id: proposal for proposal in reading.proposals}
        if self.chosen is None:
            self.chosen = next(iter(live), None)
        if self._new("list", tuple((p.id, p.revision, p.status) for p in reading.proposals)):
            self._list.clear()
            with self._list:
                self._proposals = ProposalList(self.visit, reading, self.chosen, self.choose)
        elif self._proposals is not None:
            self._proposals.tick(reading, self.chosen)
        proposal = live.get(self.chosen) if self.chosen else None
        alert = issued(reading, self.chosen) if proposal is None and self.chosen is not None else None
        if self._new("editor", (self.chosen, alert and alert.identifier, bool(live)) if proposal is None else (proposal.id, proposal.revision, self._whole)):
            self._editor.clear()
            self._open = None
            with self._editor:
                if self.chosen is None:
                    ui.label(self.visit.t("nothing_waits")).classes("soft")
                elif proposal is None:
                    gone(self.visit, alert, onward=self._next if live else None)
                elif self._whole:
                    self._open = Editor(self.visit, proposal, reading, anew=self.anew)
                else:
                    ui.label(f"{title(self.visit, proposal)} · {places(self.visit, proposal)} …").style("font-weight:700;font-size:1.1rem;min-height:60vh")
        elif self._open is not None:
            with self._editor:
                self._open.tick(reading)
        self._reviews.set_visibility(bool(reading.reviews))
        if self._new("reviews", owed(reading)):
            self._reviews.clear()
            with self._reviews:
                review_list(self.visit, reading)
        if self._new("in_force", tuple(alert.identifier for alert in reading.in_force)):
            self._in_force.clear()
            with self._in_force:
                self._standing = InForce(self.visit, reading)
                differ(self.visit, reading)
            self._ends = [self._standing.tick]
            if self._whole:
                self._standing.more(reading)
        if self._new("progress", still(reading)):
            self._progress.clear()
            with self._progress:
                self._clocks = going_out(self.visit, reading)
        self._feeds.set_visibility(bool(reading.feeds))
        if self._new("feeds", states(reading)):
            self._feeds.clear()
            with self._feeds:
                self._ages = feed_list(self.visit, reading)
        for tick in (*self._ends, *self._clocks, *self._ages):
            tick(reading)
        self.map.show(reading, "" if proposal is None else str(proposal.id), () if proposal is None else zones_of(proposal))
        if self._whole:
            self._field.show(reading.fields, reading.now)

    def _new(self, pane: str, key: Hashable) -> bool:
        if pane in self._shown and self._shown[pane] == key:
            return False
        self._shown[pane] = key
        return True
