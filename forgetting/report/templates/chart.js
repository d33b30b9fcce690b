"use strict";
// Forgetting against injection, drawn as SVG.

const measuredAt = (domain, at) =>
  domain.measured.filter((row) => row[0] === at.N && row[1] === at.D);

const CHART = { left: 58, right: 728, top: 14, bottom: 252, zero: 30 };
const LEAST = 1e-4;  // where the axis turns from linear to logarithmic

function across(p) {
  const { left, right, zero } = CHART;
  if (p <= LEAST) return left + zero * p / LEAST;
  return left + zero + (right - left - zero) * (1 - Math.log(p) / Math.log(LEAST));
}

function shape(tag, attributes, text) {
  const part = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    part.setAttribute(name, value);
  }
  if (text !== undefined) part.textContent = text;
  return part;
}

function draw(svg, domain, asked, a) {
  const law = a.law, color = `var(--domain${domain.color})`;
  const levels = [0, ...Array.from({ length: 49 },
    (_, i) => Math.pow(10, -4 + i / 12))];
  const line = levels.map((p) => ({ p, ...withInterval(law, a.level,
    (q) => forgettingAt(law, q, { ...a.at, p })) }));
  const runs = measuredAt(domain, a.at);
  const up = scaleOf([0, a.tolerance, a.chosen.forgetting.value,
    ...line.flatMap((l) => [l.value, l.low, l.high]),
    ...runs.map((row) => row[3])].filter(Number.isFinite));
  const path = (points) => points.filter(([, v]) => Number.isFinite(v))
    .map(([p, v], i) => `${i ? "L" : "M"}${across(p)},${up.at(v)}`).join("");
  const band = [...line.map((l) => [l.p, l.high]),
    ...line.map((l) => [l.p, l.low]).reverse()];
  svg.replaceChildren(
    ...outside(law), ...axes(up),
    shape("path", { d: `${path(band)}Z`, fill: color, opacity: 0.18 }),
    shape("path", { d: path(line.map((l) => [l.p, l.value])), fill: "none",
      stroke: color, "stroke-width": 2 }),
    ...tolerated(a, up),
    ...runs.map((row) => shape("circle", { cx: across(row[2]),
      cy: up.at(row[3]), r: 4, fill: color, class: "run" })),
    shape("circle", { cx: across(a.chosen.p), r: 7, fill: "none",
      cy: up.at(a.chosen.forgetting.value), stroke: "var(--ink)",
      "stroke-width": 2, class: "chosen" }),
  );
}

// Values -> where they are, and round numbers for the axis.
function scaleOf(values) {
  const low = Math.min(...values), high = Math.max(...values);
  const room = 0.05 * (high - low || 1), from = low - room, to = high + room;
  const rough = (to - from) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((s) => s * power >= rough) * power;
  const ticks = [];
  for (let t = Math.ceil(from / step); t * step <= to; t++) ticks.push(t * step);
  const { top, bottom } = CHART;
  const at = (v) => bottom - (bottom - top) * (v - from) / (to - from);
  return { at, ticks };
}

function axes(up) {
  const { left, right, top, bottom } = CHART, parts = [];
  for (const tick of up.ticks) {
    parts.push(shape("line", { x1: left, x2: right, y1: up.at(tick),
      y2: up.at(tick), class: "axis" }));
    parts.push(shape("text", { x: left - 6, y: up.at(tick) + 4,
      "text-anchor": "end" }, g(tick, 3)));
  }
  for (const p of [0, 1e-4, 1e-3, 0.01, 0.1, 1]) {
    parts.push(shape("line", { x1: across(p), x2: across(p), y1: top,
      y2: bottom, class: "axis" }));
    parts.push(shape("text", { x: across(p), y: bottom + 16,
      "text-anchor": "middle" }, p ? `${g(100 * p, 3)} %` : "0"));
  }
  parts.push(shape("text", { x: (left + right) / 2, y: bottom + 36,
    "text-anchor": "middle" }, "Injection (share of tokens)"));
  const middle = (top + bottom) / 2;
  parts.push(shape("text", { x: 14, y: middle, "text-anchor": "middle",
    transform: `rotate(-90 14 ${middle})` }, "Forgetting (nats per token)"));
  return parts;
}

// Grey over the injections that lie beyond the runs.
function outside(law) {
  const { right, top, bottom } = CHART, greatest = law.ranges.p[1];
  if (greatest >= 1) return [];
  const x = across(Math.max(greatest, LEAST / 10));
  return [shape("rect", { x, y: top, width: right - x, height: bottom - top,
    class: "outside" })];
}

function tolerated(a, up) {
  const y = up.at(a.tolerance), { left, right } = CHART;
  const parts = [shape("line", { x1: left, x2: right, y1: y, y2: y,
    stroke: "var(--ink)", "stroke-dasharray": "5 4" })];
  if (!Number.isFinite(a.needed.low)) return parts;
  parts.push(shape("line", { x1: across(a.needed.low),
    x2: across(Math.min(a.needed.high, 1)), y1: y, y2: y,
    stroke: "var(--ink)", "stroke-width": 5, opacity: 0.55, class: "needed" }));
  return parts;
}
