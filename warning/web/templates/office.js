// Drawing an area on the office's map, by mouse, finger or keyboard. Without this script the page works with files, ticks and text.
"use strict";
(() => {
  const svg = document.getElementById("area"), text = document.getElementById("polygon");
  if (!svg || !text) return;
  document.documentElement.classList.add("js");
  const frame = Object.fromEntries(["west", "north", "scale", "squeeze"].map((key) => [key, Number(svg.dataset[key])]));
  const [, , fullW, fullH] = svg.getAttribute("viewBox").split(" ").map(Number);
  const drawn = svg.querySelector(".d"), line = svg.querySelector(".l"), cross = svg.querySelector(".x"), marks = svg.querySelector(".c");
  const said = document.getElementById("corners"), draw = document.querySelector('[data-do="draw"]');
  let view = { x: 0, y: 0, w: fullW, h: fullH }, at = { x: fullW / 2, y: fullH / 2 }, corners = [], drawing = false, polygons = read(), held = null;

  const toX = (lon) => (lon - frame.west) * frame.squeeze * frame.scale, toY = (lat) => (frame.north - lat) * frame.scale;
  const toLonLat = (p) => [Number((p.x / frame.squeeze / frame.scale + frame.west).toFixed(6)), Number((frame.north - p.y / frame.scale).toFixed(6))];

  function read() {
    try {
      const g = JSON.parse(text.value);
      if (g.type === "Polygon") return [g.coordinates];
      if (g.type === "MultiPolygon") return g.coordinates;
    } catch { /* empty, or not yet a geometry: the server says what is wrong */ }
    return [];
  }

  function write() {
    text.value = polygons.length === 0 ? "" : JSON.stringify(
      polygons.length === 1 ? { type: "Polygon", coordinates: polygons[0] } : { type: "MultiPolygon", coordinates: polygons });
    show();
  }

  function show() {
    const ring = (r) => "M" + r.slice(0, -1).map(([lon, lat]) => `${toX(lon).toFixed(1)} ${toY(lat).toFixed(1)}`).join("L") + "Z";
    drawn.setAttribute("d", polygons.map((p) => p.map(ring).join("")).join(""));
    line.setAttribute("d", corners.length ? "M" + corners.map((p) => `${p.x} ${p.y}`).join("L") : "");
    const size = 6 * view.w / fullW;
    marks.replaceChildren();
    const mark = (x, y, poly, index) => {
      const c = document.createElementNS(svg.namespaceURI, "circle");
      c.setAttribute("cx", x); c.setAttribute("cy", y); c.setAttribute("r", size);
      if (poly !== undefined) { c.dataset.poly = poly; c.dataset.index = index; }
      marks.append(c);
    };
    corners.forEach((p) => mark(p.x, p.y));
    if (!drawing) polygons.forEach((p, n) => { if (p[0].length < 200) p[0].slice(0, -1).forEach(([lon, lat], i) => mark(toX(lon), toY(lat), n, i)); });
    const arm = 12 * view.w / fullW;
    cross.setAttribute("d", `M${at.x - arm} ${at.y}H${at.x + arm}M${at.x} ${at.y - arm}V${at.y + arm}`);
    svg.classList.toggle("drawing", drawing);
    draw.setAttribute("aria-pressed", String(drawing));
    const count = drawing ? corners.length : polygons.reduce((sum, p) => sum + p.reduce((n, r) => n + r.length - 1, 0), 0);
    const [lon, lat] = toLonLat(at);
    said.textContent = `${count} ${said.dataset.word}` + (drawing ? ` · ${lat.toFixed(4)}, ${lon.toFixed(4)}` : "");
  }

  function point(event) {
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return { x: Number(p.x.toFixed(2)), y: Number(p.y.toFixed(2)) };
  }

  function close() {
    if (corners.length >= 3) {
      const ring = corners.map(toLonLat);
      polygons.push([[...ring, ring[0]]]);
    }
    corners = []; drawing = false; write();
  }

  function zoom(by) {
    const w = Math.min(fullW, Math.max(fullW / 64, view.w * by)), h = w * fullH / fullW;
    view = { x: Math.min(Math.max(at.x - w / 2, 0), fullW - w), y: Math.min(Math.max(at.y - h / 2, 0), fullH - h), w, h };
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
    show();
  }

  function act(what) {
    if (what === "draw") { drawing = !drawing; corners = []; show(); svg.focus(); }
    if (what === "undo") { if (corners.length) corners.pop(); else if (!drawing) polygons.pop(); if (drawing) show(); else write(); }
    if (what === "close") close();
    if (what === "clear") { corners = []; polygons = []; drawing = false; write(); }
    if (what === "in") zoom(0.5);
    if (what === "out") zoom(2);
  }

  function tick(code) {
    const box = document.querySelector(`input[name=zones][value="${CSS.escape(code)}"]`);
    if (!box) return;
    box.checked = !box.checked;
    box.closest("details").open = true;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => act(button.dataset.do)));
  document.querySelectorAll("input[name=zones]").forEach((box) => box.addEventListener("change", () => {
    const shape = svg.querySelector(`.z[data-code="${CSS.escape(box.value)}"]`);
    if (shape) shape.classList.toggle("on", box.checked);
  }));
  text.addEventListener("change", () => { polygons = read(); show(); });

  svg.addEventListener("pointerdown", (event) => {
    at = point(event);
    if (!drawing && event.target.dataset.poly !== undefined) {
      held = { poly: Number(event.target.dataset.poly), index: Number(event.target.dataset.index) };
      svg.setPointerCapture(event.pointerId);
    }
    show();
  });
  svg.addEventListener("pointermove", (event) => {
    if (!held) return;
    const ring = polygons[held.poly][0];
    at = point(event);
    ring[held.index] = toLonLat(at);
    if (held.index === 0) ring[ring.length - 1] = ring[0];
    show();
  });
  svg.addEventListener("pointerup", () => { if (held) { held = null; write(); } });
  svg.addEventListener("click", (event) => {
    if (drawing) {
      if (event.detail < 2) { corners.push(point(event)); show(); }
    } else if (event.target.dataset.code) tick(event.target.dataset.code);
  });
  svg.addEventListener("dblclick", (event) => { event.preventDefault(); if (drawing) close(); });
  svg.addEventListener("keydown", (event) => {
    const step = (event.shiftKey ? 25 : 5) * view.w / fullW;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in moves) {
      at = { x: at.x + moves[event.key][0], y: at.y + moves[event.key][1] };
      show();
    } else if (event.key === "Enter") {
      if (!drawing) drawing = true;
      corners.push({ x: Number(at.x.toFixed(2)), y: Number(at.y.toFixed(2)) }); show();
    } else if (event.key === "Backspace") act("undo");
    else if (event.key === "c" || event.key === "C") close();
    else if (event.key === "Escape") { corners = []; drawing = false; show(); return; }
    else if (event.key === "+") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else return;
    event.preventDefault();
  });
  svg.closest("form").addEventListener("submit", () => { if (drawing) close(); });
  show();
})();
