// The map of the console: borders from sheets that a browser keeps, colours from a paper that all consoles share; no tile is loaded unless one is configured.
import { leaflet as L } from "nicegui-leaflet";
import { Signs, ask, canvas, cells, digits, forget, hit, latlng, pattern, unfolded } from "nicegui-zones";
import { h } from "vue";
import { loadResource } from "../../static/utils/resources.js";

const LAND = "#f7f9fb", LISTED = 400, HITS = 12, AGAIN_MS = 2000, MOST_SIGNS = 250, MOST_LABELS = 12;
const merged = (into, from) => { for (const [key, value] of Object.entries(from)) if (value && typeof value === "object") merged(into[key], value); else into[key] = value };

export default {
  props: {
    ground: Object, label: String, words: Object, palette: Array, resourcePath: String, paint: String, over: String, chosen: Object, field: Object, marks: Object, tiles: Object,
    draw: Object, drawWords: Object, drawn: Object,
  },
  data: () => ({hits: [], groups: [], warned: 0, stale: false}),
  // Written out: a browser would need longer to make this of a template than to draw it.
  render() {
    const mini = (one) => h("button", {key: one, type: "button", class: "mini", onClick: () => this.go(one)}, this.name(one));
    const hits = () => h("span", {class: "zonemap-hits"}, this.hits.map(mini));
    const group = (one) => h("div", {key: one.said}, [h("b", `${one.said} (${one.count})`), " ", h("span", {class: "zonemap-hits"},
      [...one.shown.map(mini), one.count > one.shown.length ? h("span", {key: "more"}, `… ${one.count - one.shown.length}`) : null])]);
    const find = () => h("input", {ref: "find", type: "search", autocomplete: "off", placeholder: this.words.find, "aria-label": this.words.find, onFocus: this.whole, onInput: this.seek,
      onKeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); if (this.hits.length) this.go(this.hits[0]) } }});
    return h("div", {class: "zonemap"}, [
      h("div", {ref: "map", class: "zonemap-map", role: "application", "aria-label": this.label}),
      this.stale ? h("p", {class: "fault small", role: "alert"}, this.words.stale) : null,
      this.words.find ? h("div", {class: "zonemap-bar"}, [
        h("span", {class: "zonemap-find"}, [find(), this.hits.length ? hits() : null]),
        h("details", {onToggle: this.told}, [h("summary", `${this.words.list} (${this.warned})`), ...this.groups.map(group)])]) : null]);
  },
  async mounted() {
    Object.assign(this, {levels: [], parts: [], signs: {}, sheets: [], asked: [], cells: null, cellIds: [], selected: -1});
    window.L = L;
    if (this.draw || !document.querySelector("[data-leaflet-css]")) {
      await this.$nextTick(); // window.path_prefix is set by then
      const files = ["leaflet/leaflet.css", ...(this.draw ? ["leaflet-draw/leaflet.draw.css", "leaflet-draw/leaflet.draw.js"] : [])];
      for (const file of files) await loadResource(`${window.path_prefix}${this.resourcePath}/${file}`);
    }
    if (!this.$refs.map) return; // the page has gone on meanwhile
    this.load(0);
    const map = this.map = L.map(this.$refs.map, {attributionControl: false, zoomSnap: 0.25, preferCanvas: true});
    map.fitBounds(this.ground.corners, {animate: false});
    for (const [name, z] of [["ground", 210], ["field", 220], ["zones", 230]]) { const pane = map.createPane(name); pane.style.zIndex = z; pane.style.pointerEvents = "none" }
    if (this.tiles) {
      L.tileLayer(this.tiles.url, {minNativeZoom: this.tiles.min, maxNativeZoom: this.tiles.max, maxZoom: 22}).addTo(map);
      if (this.tiles.attribution) L.control.attribution({prefix: false}).addAttribution(this.tiles.attribution).addTo(map);
    }
    this.$watch("field", this.showField, {immediate: true});
    this.$watch("marks", this.showMarks, {immediate: true});
    map.on("zoomend", () => this.showMarks(this.marks)); // closer, there is room for more labels
    this.$watch("drawn", this.showDrawn, {immediate: true});
    this.$watch("chosen", this.redraw);
    this.$watch("over", this.takeOver, {immediate: true});
    this.$watch("paint", this.takePaint, {immediate: true});
    this.top = canvas(L, "zones", this.drawZones).addTo(map); // draws at once what is there
    map.on("move", () => { // dragged beyond what was drawn
      const seen = L.bounds(map.containerPointToLayerPoint([0, 0]), map.containerPointToLayerPoint(map.getSize()));
      if (!map._animatingZoom && this.top._bounds && !this.top._bounds.contains(seen)) this.redraw();
    });
    if (this.draw) this.tools(); // a click is a corner there, and tells of no place
    else {
      map.on("click", ({latlng: at}) => this.select(this.at(at), at));
      this.$refs.map.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target === this.$refs.map) this.select(this.at(map.getCenter()), map.getCenter()) });
    }
    this.observer = new ResizeObserver(() => map.invalidateSize({animate: false}));
    this.observer.observe(this.$refs.map);
  },
  unmounted() { this.gone = true; this.observer?.disconnect(); this.map?.remove() },
  methods: {
    load(number) {
      return this.asked[number] ??= this.patient(() => ask(`${this.ground.url}/${number}.json`, unfolded), (sheet) => { this.sheets[number] = sheet; this.redraw() });
    },
    // Taken at once when it is there, and otherwise asked for until it comes: an old map says that it is old.
    async patient(ask, take, wanted = () => true) {
      const there = ask().now;
      if (there) { take(there); return }
      while (!this.gone && wanted()) {
        try { const found = await ask().told; if (wanted()) { this.stale = false; take(found) } return } catch { this.stale = true; await new Promise((on) => setTimeout(on, AGAIN_MS)) }
      }
    },
    takePaint(url) {
      if (!url) return;
      this.patient(() => ask(url), (told) => {
        const count = this.ground.count, values = Array.from(told.zones, (one) => digits.indexOf(one));
        this.levels = values.map((one) => Math.floor(one / 5)); this.parts = values.map((one) => one % 5); this.signs = told.signs || {};
        this.warned = values.filter((one, n) => n < count && one >= 5).length;
        this.painted = url; forget(url); this.redraw(); if (this.open) this.list();
      }, () => this.paint === url);
    },
    takeOver(url) {
      if (url) this.patient(() => ask(url), (told) => {
        this.cellIds = told.map((one) => one.id); this.always = told.map((one) => one.always); this.cells = cells(told.map((one) => one.shape)); forget(url); this.redraw();
      }, () => this.over === url);
    },
    redraw() {
      if (this.waits || !this.top) return;
      this.waits = requestAnimationFrame(() => { this.waits = 0; if (this.gone) return; this.under?._update(); this.top._update() });
    },
    // The coarsest sheet that is fine enough here, or the nearest that has come.
    base(view) {
      const whole = this.ground.sheets.map((one, n) => ({...one, n})).filter((one) => one.below === null);
      const wanted = whole.find((one) => one.tolerance <= 1.5 * view.degrees) || whole.at(-1);
      this.load(wanted.n);
      for (let n = wanted.n; n >= 0; n--) if (this.sheets[n]) return this.sheets[n];
      return whole.map((one) => this.sheets[one.n]).find(Boolean);
    },
    fine(view) {
      const n = this.ground.sheets.findIndex((one) => one.below !== null && view.degrees < one.below);
      if (n < 0) return null;
      this.load(n);
      return this.sheets[n] || null;
    },
    drawGround(c, view) { const sheet = this.field && this.base(view); if (sheet) view.fill(c, sheet, view.inView(sheet), LAND, 1) },
    drawZones(c, view) {
      this.view = view;
      const base = this.base(view), fine = this.fine(view);
      if (!base || (this.paint && !this.painted)) return; // borders without their colours would say that nothing is in force
      this.patterns ??= this.palette.map((one) => one && pattern(c, one));
      const bare = !this.field && !this.tiles, alpha = this.field ? 0.32 : bare ? 1 : 0.85, seen = [[base, view.inView(base)]];
      if (fine) seen.push([fine, view.inView(fine)]);
      for (const [sheet, own] of seen) {
        const quiet = own.filter((n) => !this.levels[sheet.first + n]), edge = sheet === base ? "#5a6675" : "#8a95a3", width = sheet === base ? 0.8 : 0.5;
        if (bare && sheet === base) view.painted(c, sheet, quiet, LAND, 1, edge, width); else view.stroke(c, sheet, quiet, edge, width);
        for (let level = 1; level < this.palette.length; level++) {
          const painted = own.filter((n) => this.levels[sheet.first + n] === level);
          view.painted(c, sheet, painted, this.patterns[level], alpha, "#1b2430", this.field ? 2 : 1); // a line of one pixel costs the rasteriser a tenth of one that is wider
          view.dots(c, sheet, painted, this.palette[level].fill);
        }
      }
      for (let level = 1; level < this.palette.length; level++) {
        const partly = seen[0][1].filter((n) => this.parts[base.first + n] === level);
        view.stroke(c, base, partly, this.palette[level].fill, 5); view.stroke(c, base, partly, "#1b2430", 1, [3, 3]); view.dots(c, base, partly, this.palette[level].fill);
      }
      this.drawChosen(c, view, seen);
      this.drawSigns(c, view, seen);
      if (this.painted && !this.shown) { this.shown = true; setTimeout(() => this.$emit("shown")) } // when the frame is on the screen
      Object.assign(this.$el.dataset, {drawn: this.painted || "", zones: String(seen.reduce((sum, [, own]) => sum + own.length, 0))});
    },
    drawChosen(c, view, seen) {
      if (this.cells) {
        const thin = this.cellIds.map((_, n) => n).filter((n) => this.always[n]), own = this.cellIds.indexOf(this.chosen?.cells);
        view.fill(c, this.cells, thin, "#2b0a3d", 0.12); view.stroke(c, this.cells, thin, "#2b0a3d", 1.4);
        if (own >= 0) { view.fill(c, this.cells, [own], "#2b0a3d", 0.35); view.stroke(c, this.cells, [own], "#2b0a3d", 2) }
      }
      const zones = new Set(this.chosen?.zones || []);
      for (const [sheet, own] of seen) {
        view.stroke(c, sheet, own.filter((n) => zones.has(sheet.first + n)), "#0b4fa8", 3, [7, 5]);
        view.stroke(c, sheet, own.filter((n) => sheet.first + n === this.selected), "#000", 3);
      }
    },
    drawSigns(c, view, seen) {
      const signs = new Signs(c, view), wanted = [];
      for (const [sheet, own] of seen) {
        for (const n of own) {
          const number = sheet.first + n, level = this.levels[number] || 0, part = this.parts[number] || 0;
          if (level || part) wanted.push([Math.max(level, part), sheet, n, number, level, part]);
        }
      }
      wanted.sort((a, b) => b[0] - a[0] || view.wide(b[1], b[2]) - view.wide(a[1], a[2]));
      for (const [, sheet, n, number, level, part] of wanted) {
        if (signs.taken.length >= MOST_SIGNS) break;
        const at = this.place(number), room = view.wide(sheet, n), own = this.signs[number];
        if (!at || room < 16 || view.high(sheet, n) < 14) continue;
        const sign = own || [level && this.palette[level].sign, part && `(${this.palette[part].sign})`].filter(Boolean).join(" ");
        if (own || !signs.put(`${sign} ${this.name(number)}`, at, Math.max(room, 0))) signs.put(sign, at, own ? Infinity : room);
      }
    },
    known(number) { const own = this.ground.sheets.findIndex((one) => one.names && (one.below === null) === (number < this.ground.drawn)), sheet = this.sheets[own]; return sheet ? [sheet, number - sheet.first] : null },
    place(number) { const found = this.known(number); return found && found[0].at[found[1]] },
    name(number) { const found = this.known(number); return found ? found[0].names[found[1]] : "" },
    at(where) {
      for (const sheet of [this.fine(this.view), this.base(this.view)].filter(Boolean)) { const n = hit(sheet, L, where); if (n >= 0) return sheet.first + n }
      return -1;
    },
    select(number, where) {
      this.selected = number; this.redraw();
      const found = number >= 0 && this.known(number);
      if (!found) return;
      const code = found[0].codes[found[1]], said = document.createElement("b");
      said.textContent = this.name(number);
      this.popup = L.popup({minWidth: 180, maxWidth: 300, maxHeight: 260}).setLatLng(where).setContent(said).openOn(this.map);
      this.popup.code = code;
      this.$emit("zone", code);
    },
    tell(code, html) { if (this.popup?.code === code) this.popup.setContent(html) },
    go(number) {
      const [sheet, n] = this.known(number), [west, north, east, south] = sheet.box.slice(4 * n, 4 * n + 4);
      this.hits = [];
      this.map.fitBounds([latlng(L, [west, south]), latlng(L, [east, north])], {animate: false, maxZoom: 12, padding: [60, 60]});
      this.select(number, latlng(L, sheet.at[n]));
      this.$refs.map.scrollIntoView({block: "nearest"});
      this.$refs.map.focus({preventScroll: true}); // arrows move on from there, Escape closes what is told
    },
    whole() { return Promise.all(this.ground.sheets.map((one, n) => one.names ? this.load(n) : null)) },
    seek() {
      const words = this.$refs.find.value.trim().toLowerCase(), found = [];
      for (let n = 0; words && n < this.ground.count && found.length < HITS; n++) if (this.name(n).toLowerCase().includes(words) || this.code(n).startsWith(words)) found.push(n);
      this.hits = found;
    },
    code(number) { const found = this.known(number); return found ? found[0].codes[found[1]] : "" },
    async told(event) { this.open = event.target.open; if (this.open) { await this.whole(); this.list() } },
    list() {
      this.groups = this.palette.map((one, level) => {
        if (!one) return null;
        const own = []; this.levels.forEach((value, n) => { if (value === level) own.push(n) });
        return {said: one.said, count: own.length, shown: own.slice(0, LISTED)};
      }).filter((one) => one && one.count).reverse();
    },
    showField(field) {
      if (field && !this.tiles) this.under ??= canvas(L, "ground", this.drawGround).addTo(this.map); // the land is below the field; without one the zones have it
      this.redraw();
      if (!field) { this.overlay?.remove(); this.overlay = null; return }
      if (this.overlay) this.overlay.setUrl(field.url);
      else this.overlay = L.imageOverlay(field.url, field.bounds, {interactive: false, className: "glass", pane: "field", alt: ""}).addTo(this.map);
      for (const one of field.ahead || []) new Image().src = one;
    },
    showMarks(data) {
      this.marked?.remove();
      const all = this.marked = L.layerGroup(), labelled = [];
      for (const [n, g] of (data?.gauges || []).entries()) {
        const named = !g.radius && n < MOST_LABELS, at = L.circleMarker([g.lat, g.lon], {radius: g.radius || 4, color: g.radius ? "#1b2430" : "#fff", weight: 1.5, fillColor: g.fill || (g.doubt ? "#8a8f98" : "#0b3a66"), fillOpacity: 1})
          .bindTooltip(g.label, {direction: "right", offset: [4, 0], className: "gauge", permanent: named}).addTo(all);
        if (named) labelled.push(at);
      }
      for (const t of data?.tracks || []) {
        if (t.past.length > 1) L.polyline(t.past, {color: "#111", weight: 3, interactive: false}).addTo(all);
        if (t.ahead.length > 1) L.polyline(t.ahead, {color: "#111", weight: 3, dashArray: "6 7", interactive: false}).addTo(all);
        for (const p of t.points) {
          const at = L.circleMarker(p.at, {radius: p.now ? 8 : 4, color: "#111", weight: 2, fillColor: p.now ? "#ffd83d" : "#fff", fillOpacity: 1})
            .bindTooltip(p.label, {direction: "top", className: "gauge", permanent: p.now}).addTo(all);
          if (p.now) labelled.unshift(at);
        }
        for (const r of t.rings) L.circle(r.at, {radius: r.km * 1000, color: "#111", weight: 1.5, dashArray: r.dash, fill: false, interactive: false}).addTo(all);
      }
      all.addTo(this.map);
      this.uncrowd(labelled);
    },
    // Of labels that would cover one another the first stays; the others are shown when they are pointed at.
    uncrowd(labelled) {
      const boxes = labelled.map((one) => one.getTooltip().getElement().getBoundingClientRect()), taken = [];
      boxes.forEach((box, n) => {
        if (!taken.some((one) => box.left < one.right && one.left < box.right && box.top < one.bottom && one.top < box.bottom)) { taken.push(box); return }
        const {options} = labelled[n].getTooltip(), words = labelled[n].getTooltip().getContent();
        labelled[n].unbindTooltip().bindTooltip(words, {...options, permanent: false});
      });
    },
    showDrawn(shape) {
      this.shape?.remove();
      this.shape = shape && L.geoJSON(shape, {interactive: false, style: {color: "#0b4fa8", weight: 3, dashArray: "7 5", fillColor: "#0b4fa8", fillOpacity: 0.18}}).addTo(this.map);
    },
    // What was drawn goes to the server as numbers; it comes back as `drawn`, when it may be.
    tools() {
      if (this.drawWords) merged(L.drawLocal.draw, this.drawWords);
      this.map.addControl(new L.Control.Draw({draw: this.draw, edit: false}));
      for (const a of this.$refs.map.querySelectorAll("a[class*=leaflet-draw-draw-]")) a.setAttribute("aria-label", a.title);
      this.map.on("draw:created", ({layer, layerType}) => {
        const corner = ({lat, lng}) => [lng, lat];
        this.$emit("drawn", layerType === "circle" ? {circle: {lat: layer.getLatLng().lat, lon: layer.getLatLng().lng, km: layer.getRadius() / 1000}} : {ring: layer.getLatLngs()[0].map(corner)});
      });
    },
  },
};
