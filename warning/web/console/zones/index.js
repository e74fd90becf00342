// Zones on a canvas: sheets of borders in whole numbers, drawn with Leaflet's own renderer so that a drag moves a picture and draws nothing.
export const digits = "0123456789abcdefghijklmnopqrstuvwxyz";
const TAU = 2 * Math.PI, CHUNK = 128, TINY_PX = 5;
const MARKS = {
  lines: (c) => { c.moveTo(0, 5); c.lineTo(10, 5) },
  slants: (c) => { c.moveTo(0, 10); c.lineTo(10, 0); c.moveTo(-2, 2); c.lineTo(2, -2); c.moveTo(8, 12); c.lineTo(12, 8) },
  crosses: (c) => { c.moveTo(0, 0); c.lineTo(10, 10); c.moveTo(0, 10); c.lineTo(10, 0) },
};
// Each address is asked for once, by the page's head or by the map, whoever comes first; `now` is there when the answer is.
const asked = new Map();
export function ask(url, made = (told) => told) {
  if (!asked.has(url)) {
    const one = {};
    one.told = fetch(url).then((answer) => { if (!answer.ok) throw new Error(`${answer.status} ${url}`); return answer.json() }).then((told) => one.now = made(told));
    one.told.catch(() => asked.delete(url)); // whoever waits hears of it, and may ask again
    asked.set(url, one);
  }
  return asked.get(url);
}
export const forget = (url) => asked.delete(url);
const across = (lon180) => lon180 / 360;
const down = (lat) => 0.5 - Math.asinh(Math.tan(lat * Math.PI / 180)) / TAU;

// Web Mercator from 0 to 1, each zone's rings one after the other; box: west, north, east, south of each zone.
function gathered(zones) {
  const of = new Uint32Array(zones.length + 1), rings = [], xs = [], ys = [], box = new Float64Array(4 * zones.length);
  zones.forEach((own, n) => {
    of[n] = rings.length;
    let west = 1, north = 1, east = 0, south = 0;
    for (const points of own) {
      rings.push(xs.length);
      for (const [x, y] of points) { xs.push(x); ys.push(y); west = Math.min(west, x); east = Math.max(east, x); north = Math.min(north, y); south = Math.max(south, y) }
    }
    box.set([west, north, east, south], 4 * n);
  });
  of[zones.length] = rings.length; rings.push(xs.length);
  return {of, ring: Uint32Array.from(rings), x: Float64Array.from(xs), y: Float64Array.from(ys), box, count: zones.length};
}

// Straight into typed arrays: a country's corners as small arrays of their own cost the browser more than drawing them.
export function unfolded(told) {
  const unit = told.unit, count = told.rings.length;
  let rings = 0, points = 0;
  for (const own of told.rings) for (const steps of own) { rings++; points += steps.length / 2 }
  const sheet = {of: new Uint32Array(count + 1), ring: new Uint32Array(rings + 1), x: new Float64Array(points), y: new Float64Array(points), box: new Float64Array(4 * count), count, first: told.first};
  let r = 0, p = 0;
  told.rings.forEach((own, n) => {
    sheet.of[n] = r;
    let west = 1, north = 1, east = 0, south = 0;
    for (const steps of own) {
      sheet.ring[r++] = p;
      for (let i = 0, x = 0, y = 0; i < steps.length; i += 2, p++) {
        x += steps[i]; y += steps[i + 1];
        const px = sheet.x[p] = across(x * unit), py = sheet.y[p] = down(y * unit);
        west = Math.min(west, px); east = Math.max(east, px); north = Math.min(north, py); south = Math.max(south, py);
      }
    }
    sheet.box.set([west, north, east, south], 4 * n);
  });
  sheet.of[count] = r; sheet.ring[r] = p;
  if (told.names) { sheet.names = told.names; sheet.codes = told.codes; sheet.at = told.codes.map((_, n) => [across(told.at[2 * n] * unit), down(told.at[2 * n + 1] * unit)]) }
  return sheet;
}

// GeoJSON polygons, longitude first.
export function cells(shapes) {
  const rings = (one) => one.type === "Polygon" ? one.coordinates : one.type === "MultiPolygon" ? one.coordinates.flat()
    : (one.geometries || (one.features || []).map((f) => f.geometry)).flatMap(rings);
  return gathered(shapes.map((one) => rings(one).map((ring) => ring.map(([lon, lat]) => [across(lon + 180), down(lat)]))));
}

export const latlng = (L, [x, y]) => L.latLng(Math.atan(Math.sinh((0.5 - y) * TAU)) * 180 / Math.PI, x * 360 - 180);

// The number in the sheet of the zone at a place, or -1.
export function hit(sheet, L, at) {
  const px = across(at.lng + 180), py = down(at.lat), {box, of, ring, x, y} = sheet;
  for (let n = 0; n < sheet.count; n++) {
    if (px < box[4 * n] || py < box[4 * n + 1] || px > box[4 * n + 2] || py > box[4 * n + 3]) continue;
    let inside = false;
    for (let r = of[n]; r < of[n + 1]; r++)
      for (let i = ring[r], j = ring[r + 1] - 1; i < ring[r + 1]; j = i++)
        if (y[i] > py !== y[j] > py && px < (x[j] - x[i]) * (py - y[i]) / (y[j] - y[i]) + x[i]) inside = !inside;
    if (inside) return n;
  }
  return -1;
}

export function pattern(c, {fill, mark, ink}) {
  const tile = document.createElement("canvas"), size = tile.width = tile.height = 10, p = tile.getContext("2d");
  p.fillStyle = fill; p.fillRect(0, 0, size, size);
  p.strokeStyle = p.fillStyle = ink || "#1a1a1a"; p.lineWidth = 1.6; p.beginPath();
  if (mark === "dots") { p.arc(5, 5, 1.5, 0, TAU); p.fill() } else if (MARKS[mark]) { MARKS[mark](p); p.stroke() }
  return mark ? c.createPattern(tile, "repeat") : fill;
}

// A canvas that Leaflet moves and enlarges while the map is; `draw` is called with what is in view when it stands still.
export function canvas(L, pane, draw) {
  return new (L.Renderer.extend({
    _initContainer() { this._container = document.createElement("canvas"); this._container.setAttribute("aria-hidden", "true"); this._ctx = this._container.getContext("2d") },
    _destroyContainer() { this._container.remove(); delete this._container; delete this._ctx },
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const {min} = this._bounds, size = this._bounds.getSize(), sharp = Math.min(window.devicePixelRatio || 1, 2), c = this._ctx;
      L.DomUtil.setPosition(this._container, min);
      this._container.width = size.x * sharp; this._container.height = size.y * sharp;
      this._container.style.width = `${size.x}px`; this._container.style.height = `${size.y}px`;
      c.setTransform(sharp, 0, 0, sharp, 0, 0);
      const k = 256 * 2 ** this._map.getZoom(), from = this._map.getPixelOrigin().add(min);
      draw(c, new View(k, from.x, from.y, size));
    },
  }))({pane, padding: 0.3});
}

export class View {
  constructor(k, x, y, size) { Object.assign(this, {k, ox: x, oy: y, width: size.x, height: size.y, west: x / k, north: y / k, east: (x + size.x) / k, south: (y + size.y) / k}) }
  get degrees() { return 360 / this.k }
  shows({box}, n) { return box[4 * n] < this.east && box[4 * n + 2] > this.west && box[4 * n + 1] < this.south && box[4 * n + 3] > this.north }
  wide({box}, n) { return (box[4 * n + 2] - box[4 * n]) * this.k }
  high({box}, n) { return (box[4 * n + 3] - box[4 * n + 1]) * this.k }
  px([x, y]) { return [x * this.k - this.ox, y * this.k - this.oy] }
  trace(c, {of, ring, x, y}, n) {
    for (let r = of[n]; r < of[n + 1]; r++) {
      let i = ring[r]; const end = ring[r + 1];
      c.moveTo(x[i] * this.k - this.ox, y[i] * this.k - this.oy);
      for (i++; i < end; i++) c.lineTo(x[i] * this.k - this.ox, y[i] * this.k - this.oy);
      c.closePath();
    }
  }
  // A path of all at once takes the rasteriser long; one for each takes the calls long.
  paths(c, sheet, chosen, finish) {
    for (let start = 0; start < chosen.length; start += CHUNK) {
      c.beginPath();
      for (let i = start; i < Math.min(start + CHUNK, chosen.length); i++) this.trace(c, sheet, chosen[i]);
      finish();
    }
  }
  painted(c, sheet, chosen, style, alpha, edge, width) { // one path for both: a country's corners are the work
    c.fillStyle = style; c.strokeStyle = edge; c.lineWidth = width;
    this.paths(c, sheet, chosen, () => { c.globalAlpha = alpha; c.fill(); c.globalAlpha = 1; c.stroke() });
  }
  fill(c, sheet, chosen, style, alpha) { c.globalAlpha = alpha; c.fillStyle = style; this.paths(c, sheet, chosen, () => c.fill()); c.globalAlpha = 1 }
  stroke(c, sheet, chosen, style, width, dash = []) { c.strokeStyle = style; c.lineWidth = width; c.setLineDash(dash); this.paths(c, sheet, chosen, () => c.stroke()); c.setLineDash([]) }
  inView(sheet) { const found = []; for (let n = 0; n < sheet.count; n++) if (this.shows(sheet, n)) found.push(n); return found }
  // Too small to be seen by its shape: a dot says that it is there.
  dots(c, sheet, chosen, style) {
    c.fillStyle = style; c.strokeStyle = "#1b2430"; c.lineWidth = 1;
    for (const n of chosen) {
      if (this.wide(sheet, n) >= TINY_PX || this.high(sheet, n) >= TINY_PX) continue;
      const [x, y] = this.px([(sheet.box[4 * n] + sheet.box[4 * n + 2]) / 2, (sheet.box[4 * n + 1] + sheet.box[4 * n + 3]) / 2]);
      c.beginPath(); c.arc(x, y, 3, 0, TAU); c.fill(); c.stroke();
    }
  }
}

// Words that do not cover one another: the strongest are put first.
export class Signs {
  constructor(c, view) { this.c = c; this.view = view; this.taken = []; c.font = '700 11px system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif'; c.textAlign = "center"; c.textBaseline = "middle"; this.widths = new Map() }
  width(words) { if (!this.widths.has(words)) this.widths.set(words, this.c.measureText(words).width); return this.widths.get(words) }
  put(words, at, room) {
    const wide = this.width(words) + 6, [x, y] = this.view.px(at), c = this.c;
    if (wide > room || this.taken.some(([left, top, right, bottom]) => x - wide / 2 < right && x + wide / 2 > left && y - 8 < bottom && y + 8 > top)) return false;
    this.taken.push([x - wide / 2, y - 8, x + wide / 2, y + 8]);
    c.fillStyle = "rgba(255,255,255,.9)"; c.fillRect(x - wide / 2, y - 8, wide, 16);
    c.fillStyle = "#1b2430"; c.fillText(words, x, y + 0.5);
    return true;
  }
}
