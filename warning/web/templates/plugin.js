// The warning plug-in: <script src="https://…/plugin.js" data-area="310115" data-lang="zh" async></script>
// It shows what is in force and how old that is. What it does not know it calls unknown: silence is never an all-clear.
"use strict";
(() => {
  const tag = document.currentScript;
  if (!tag) return;
  const base = new URL(tag.src).origin, area = tag.dataset.area || "", lang = tag.dataset.lang === "en" ? "en" : "zh";
  const every = Math.max(1, Number(tag.dataset.every) || 20) * 1000, stale = 3 * every;
  const say = {
    zh: {
      title: "预警信息", drill: "演练 DRILL", drillLine: "这不是真实预警，请勿采取行动", calm: "当前没有生效的预警", connecting: "正在连接预警服务，尚不知道是否有预警",
      lost: (at) => `自 ${at} 起与预警服务失去连接`, never: "连接不上预警服务", old: "以下内容可能已过时", unknown: "无法判断当前是否有预警，请通过其他渠道核实",
      blind: (at) => `自 ${at} 起监测资料中断，无法判断是否有新的危险`, silent: (n) => `${n} 个资料源中断`, age: (s) => `更新于 ${s}前`, issued: (s) => `${s}前发布`,
      until: (at) => `有效至 ${at}`, over: "已过有效期", units: ["秒", "分钟", "小时", "天"], missing: "查无此区域：请核对 data-area" },
    en: {
      title: "Warnings", drill: "DRILL 演练", drillLine: "Not a real warning. Take no action.", calm: "No warnings in force",
      connecting: "Connecting: it is not known yet whether there are warnings", lost: (at) => `No connection to the warning service since ${at}`,
      never: "The warning service cannot be reached", old: "What is below may be out of date",
      unknown: "It is unknown whether there are warnings: ask by another way", blind: (at) => `No data since ${at}: new danger could not be seen`,
      silent: (n) => `${n} sources of data are silent`, age: (s) => `updated ${s} ago`, issued: (s) => `issued ${s} ago`, until: (at) => `until ${at}`,
      over: "time is over", units: [" s", " min", " h", " d"], missing: "No such area: look at data-area" },
  }[lang];
  const symbol = { blue: "●", yellow: "▲", orange: "◆", red: "■" };
  const css = `:host{display:block;font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:#1a1a1a;text-align:left}
    .w{border:2px solid #5b6673;border-radius:10px;overflow:hidden;background:#fff}h2{font-size:1em;margin:0;padding:.5em .8em;background:#1b2430;color:#fff;display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 .8em}
    h2 small{font-weight:400}p{margin:0;padding:.6em .8em}.calm{background:#e6f3ea;color:#0d4a24;font-weight:700}.dim{background:#d9dde2;color:#2b3138;font-weight:700}
    .loud{background:#1a1a1a;color:#fff;font-weight:700;font-size:1.1em;border-left:10px solid #ffd83d}.loud span{display:block;font-size:.9em;font-weight:400}
    ul{list-style:none;margin:0;padding:0}li{border-top:1px solid #cfd6df}a{display:block;padding:.55em .8em;color:inherit;text-decoration:none;border-left:10px solid}a:hover,a:focus-visible{background:#eef1f5;outline:3px solid #0b4fa8;outline-offset:-3px}
    b{display:block}small{font-size:.87em}.blue{border-color:#1257b0}.yellow{border-color:#ffd83d}.orange{border-color:#ff9a1f}.red{border-color:#c4161c}
    i{font-style:normal;border-radius:4px;padding:0 .4em;margin-right:.4em}.blue i{background:#1257b0;color:#fff}.yellow i{background:#ffd83d}.orange i{background:#ff9a1f}.red i{background:#c4161c;color:#fff}
    .grey ul,.grey .calm{filter:grayscale(1);opacity:.75}.drill{border:6px solid #6f3aa0}.stripe{background:repeating-linear-gradient(45deg,#5b2a86 0 16px,#7a3fae 16px 32px);color:#fff;text-align:center;font-weight:700}
    .stripe em{font-style:normal;background:#fff;color:#4a1d73;border-radius:4px;padding:0 .5em;margin-right:.5em;letter-spacing:.06em}`;
  const host = document.createElement("div");
  host.className = "xiaoxishu";
  tag.after(host);
  const shadow = host.attachShadow({ mode: "open" }), sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [sheet];

  let data = null, missing = false, good = null, first = stamp(), shown = "";

  // A sleeping machine may stop one of the two clocks: the larger age counts.
  function stamp() { return { mono: performance.now(), wall: Date.now() }; }
  function since(at) { return Math.max(performance.now() - at.mono, Date.now() - at.wall, 0); }
  function span(ms) {
    const s = Math.max(0, ms / 1000), [a, b, c, d] = say.units;
    return s < 90 ? Math.round(s) + a : s < 5400 ? Math.round(s / 60) + b : s < 172800 ? Math.round(s / 3600) + c : Math.round(s / 86400) + d;
  }
  function clock(date) {
    return date.toLocaleString(lang === "en" ? "en-GB" : "zh-CN", { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
  }
  function make(name, className, ...inner) {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...inner);
    return element;
  }

  async function ask() {
    const wait = new AbortController(), timer = setTimeout(() => wait.abort(), Math.min(10000, 2 * every));
    try {
      const answer = await fetch(`${base}/api/plugin.json?area=${encodeURIComponent(area)}`, { cache: "no-store", credentials: "omit", signal: wait.signal });
      missing = answer.status === 404;
      if (answer.ok) {
        const got = await answer.json();
        // An answer no newer than the last one comes out of some cache: it proves nothing.
        if (Array.isArray(got.alerts) && (!data || new Date(got.generated_at) > new Date(data.generated_at) || got.drill)) { data = got; good = stamp(); }
      }
    } catch { /* no answer: the age says so */ } finally { clearTimeout(timer); }
    show();
  }

  function show() {
    const age = good ? since(good) : since(first), lost = age > stale, now = data ? new Date(data.generated_at).getTime() + age : 0;
    const inner = [], alerts = data ? data.alerts : [];
    if (data && data.drill) inner.push(make("p", "stripe", make("em", "", say.drill), say.drillLine));
    inner.push(make("h2", "", make("span", "", say.title + (data && data.area[lang] ? ` · ${data.area[lang]}` : "")), make("small", "", data ? say.age(span(age)) : "")));
    if (missing) inner.push(make("p", "loud", say.missing));
    else if (lost) {
      const detail = make("span", "", alerts.length ? say.old : say.unknown), loud = make("p", "loud", data ? say.lost(clock(new Date(now - age))) : say.never, detail);
      loud.setAttribute("role", "alert");
      inner.push(loud);
    } else if (!data) inner.push(make("p", "dim", say.connecting));
    if (data && data.blind_since) inner.push(make("p", "loud", say.blind(clock(new Date(data.blind_since)))));
    else if (data && data.silent_sources) inner.push(make("p", "dim", say.silent(data.silent_sources)));
    if (alerts.length) inner.push(make("ul", "", ...alerts.map((one) => {
      const left = new Date(one.expires).getTime() - now;
      const link = make("a", one.level in symbol ? one.level : "", make("b", "", make("i", "", `${symbol[one.level] || ""} ${one.level_name[lang]}`), one.headline[lang]),
        make("small", "", `${one.areas[lang]} · ${say.issued(span(now - new Date(one.sent).getTime()))} · ${left > 0 ? say.until(clock(new Date(one.expires))) : say.over}`));
      if (/^https?:/.test(one.url)) { link.href = one.url; link.target = "_blank"; link.rel = "noopener noreferrer"; }
      return make("li", "", link);
    })));
    else if (data && !lost && !data.blind_since && !missing) inner.push(make("p", "calm", say.calm));
    const box = make("section", `w${lost || missing ? " grey" : ""}${data && data.drill ? " drill" : ""}`, ...inner);
    box.setAttribute("aria-label", say.title);
    box.lang = lang === "en" ? "en" : "zh-CN";
    if (box.outerHTML === shown) return; // nothing is read out twice, no focus is lost
    const focused = shadow.activeElement ? [...shadow.querySelectorAll("a")].indexOf(shadow.activeElement) : -1;
    shown = box.outerHTML;
    shadow.replaceChildren(box);
    if (focused >= 0) shadow.querySelectorAll("a")[focused]?.focus();
  }

  show();
  ask();
  setInterval(ask, every);
  setInterval(show, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
})();
