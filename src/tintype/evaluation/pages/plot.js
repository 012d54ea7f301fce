"use strict";
/* Lines and points over a linear or logarithmic x axis, drawn as SVG in the width at hand.
   spec: { x: {label, log}, y: {label}, series: [{name, color, dashed, line, points: [[x, y, tip], ...]}] } */
function plot(box, spec, hidden) {
  box.textContent = "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  box.append(svg, tip);
  let placed = [];

  const make = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    svg.append(node);
    return node;
  };

  function draw() {
    const width = Math.max(box.clientWidth - 24, 240), height = Math.round(Math.min(Math.max(width * 0.6, 280), 520));
    const left = 46, right = 10, top = 12, bottom = 40;
    svg.textContent = "";
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    const shown = spec.series.filter((s) => !hidden.has(s.name) && s.points.length).sort((a, b) => !!a.ours - !!b.ours);
    placed = [];
    if (!shown.length) return;
    const all = shown.flatMap((s) => s.points);
    const scale = (v) => (spec.x.log ? Math.log2(v) : v);
    const [x0, x1] = padded(all.map((p) => scale(p[0])), 0.03), [y0, y1] = padded(all.map((p) => p[1]), 0.05);
    const px = (v) => left + ((scale(v) - x0) / (x1 - x0)) * (width - left - right);
    const py = (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - top - bottom);
    for (const y of ticks(y0, y1, height / 60)) {
      make("line", { x1: left, x2: width - right, y1: py(y), y2: py(y), class: "grid" });
      make("text", { x: left - 6, y: py(y) + 4, "text-anchor": "end" }, tidy(y));
    }
    const xs = spec.x.log ? decades(2 ** x0, 2 ** x1) : ticks(x0, x1, width / 90);
    for (const x of xs) {
      make("line", { x1: px(x), x2: px(x), y1: top, y2: height - bottom, class: "grid" });
      make("text", { x: px(x), y: height - bottom + 17, "text-anchor": "middle" }, tidy(x));
    }
    make("text", { x: width - right, y: height - 4, "text-anchor": "end" }, spec.x.label);
    make("text", { x: 2, y: 8, "text-anchor": "start" }, spec.y.label);
    for (const s of shown) {
      const at = s.points.map((p) => [px(p[0]), py(p[1]), p[2], s]);
      if (s.line !== false) {
        const path = at.map((p, i) => `${i ? "L" : "M"}${p[0].toFixed(1)} ${p[1].toFixed(1)}`).join("");
        make("path", { d: path, fill: "none", stroke: s.color, "stroke-width": s.ours ? 3 : 1.8, "stroke-dasharray": s.dashed ? "5 4" : "none" });
      }
      for (const p of at) make("circle", { cx: p[0], cy: p[1], r: s.line === false ? 6 : s.ours ? 3.6 : 2.6, fill: s.color });
      if (s.line === false) {
        const end = at[0][0] > width * 0.72;
        make("text", { x: at[0][0] + (end ? -10 : 10), y: at[0][1] + 4, class: "name", "text-anchor": end ? "end" : "start" }, s.name);
      }
      placed.push(...at);
    }
  }

  function near(event) {
    const frame = svg.getBoundingClientRect();
    const x = event.clientX - frame.left, y = event.clientY - frame.top;
    let best = null, least = 900;
    for (const p of placed) {
      const far = (p[0] - x) ** 2 + (p[1] - y) ** 2;
      if (far < least) [best, least] = [p, far];
    }
    tip.hidden = !best;
    if (!best) return;
    tip.textContent = `${best[3].name}\n${best[2]}`;
    tip.style.left = `${Math.min(Math.max(best[0] + 12, 80), frame.width - 60)}px`;
    tip.style.top = `${best[1] + 12}px`;
  }
  svg.addEventListener("pointermove", near);
  svg.addEventListener("pointerdown", near);
  svg.addEventListener("pointerleave", () => (tip.hidden = true));
  new ResizeObserver(draw).observe(box);
  draw();
}

function padded(values, share) {
  const low = Math.min(...values), high = Math.max(...values), room = (high - low || 1) * share;
  return [low - room, high + room];
}

function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(wanted, 2), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((m) => m * power >= rough) * power;
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step);
  return found;
}

function decades(low, high) {
  const found = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10)
    found.push(...[1, 2, 5].map((m) => m * power).filter((v) => low <= v && v <= high));
  return found;
}

function tidy(value) {
  return Number(value.toPrecision(3)).toString();
}

/* Every .plot with data-plot="NAME" shows DATA.plots[NAME]: a list of specs, one per button. */
function plots(data) {
  for (const box of document.querySelectorAll("[data-plot]")) {
    const specs = data.plots[box.dataset.plot], hidden = new Set();
    const bar = document.createElement("div"), legend = document.createElement("div");
    bar.className = "bar";
    legend.className = "legend";
    let current = 0;
    const show = () => plot(box, specs[current], hidden);
    specs.forEach((spec, number) => {
      const button = document.createElement("button");
      button.textContent = spec.title;
      button.onclick = () => {
        current = number;
        [...bar.children].forEach((other, at) => other.setAttribute("aria-pressed", at === number));
        show();
      };
      button.setAttribute("aria-pressed", number === 0);
      bar.append(button);
    });
    if (specs.length > 1) box.before(bar);
    if (specs[0].series.some((s) => s.line !== false)) {
      for (const s of specs[0].series) {
        const button = document.createElement("button"), dot = document.createElement("span");
        dot.className = "dot";
        dot.style.setProperty("--c", s.color);
        button.append(dot, s.name);
        button.setAttribute("aria-pressed", true);
        button.onclick = () => {
          hidden.has(s.name) ? hidden.delete(s.name) : hidden.add(s.name);
          button.setAttribute("aria-pressed", !hidden.has(s.name));
          show();
        };
        legend.append(button);
      }
      box.after(legend);
    }
    show();
  }
}
