"use strict";
// Panels side by side over shared axes, drawn as SVG: lines, bands, and points
// whose values show where the pointer is. A spec:
// { x: { label, log, ticks: [[value, text]], from, to }, y: { label, from, to },
//   panels: [{ title, series: [{ color, opacity, dash, points, band, marks,
//   told, run }], level, x, y }] }; a panel's own x or y goes before the spec's.
const plot = (() => {
  const NARROW = 240, TALL = 250, EDGE = { left: 52, right: 10, top: 24, bottom: 40 };
  const LIMITS = 24;  // pixels from which on a point is not meant

  function part(tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined) made.setAttribute(name, value);
    }
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Round numbers between two ends, about so many.
  function round(from, to, count) {
    const rough = (to - from) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((s) => s * power >= rough) * power;
    const out = [];
    for (let t = Math.ceil(from / step); t * step <= to + 1e-9 * step; t++) {
      out.push([t * step, String(Number((t * step).toPrecision(6)))]);
    }
    return out;
  }

  function scale(axis, low, high) {
    const turn = axis.zero ? (v) => Math.log10(1 + v / axis.zero) :
      axis.log ? Math.log10 : (v) => v;
    const from = turn(axis.from), to = turn(axis.to);
    return (v) => low + (high - low) * (turn(v) - from) / (to - from || 1);
  }

  function panel(spec, one, left, top, width, pick) {
    const xAxis = { ...spec.x, ...one.x }, yAxis = { ...spec.y, ...one.y };
    const box = { left: left + EDGE.left, right: left + width - EDGE.right,
      top: top + EDGE.top, bottom: top + TALL - EDGE.bottom };
    const across = scale(xAxis, box.left + 6, box.right - 6);
    const up = scale(yAxis, box.bottom, box.top);
    const inside = (v) => Math.min(Math.max(v, box.top), box.bottom);
    const out = [part("text", { x: box.left, y: top + 14, class: "head" },
      one.title)];
    for (const [value, text] of round(yAxis.from, yAxis.to, 4)) {
      out.push(part("line", { x1: box.left, x2: box.right, y1: up(value),
        y2: up(value), class: "axis" }),
      part("text", { x: box.left - 5, y: up(value) + 4,
        "text-anchor": "end" }, text));
    }
    let last = -Infinity;
    for (const [value, text] of xAxis.ticks ??
      round(xAxis.from, xAxis.to, Math.max(2, width / 90))) {
      const x = across(value);
      out.push(part("line", { x1: x, x2: x, y1: box.top, y2: box.bottom,
        class: "axis" }));
      if (x - last < 8 * text.length) continue;  // its label would touch
      last = x;
      out.push(part("text", { x, y: box.bottom + 15,
        "text-anchor": "middle" }, text));
    }
    out.push(part("text", { x: (box.left + box.right) / 2,
      y: box.bottom + 32, "text-anchor": "middle" }, xAxis.label));
    const middle = (box.top + box.bottom) / 2, beside = left + 12;
    out.push(part("text", { x: beside, y: middle, "text-anchor": "middle",
      transform: `rotate(-90 ${beside} ${middle})` }, yAxis.label));
    if (one.level !== undefined) {
      out.push(part("line", { x1: box.left, x2: box.right,
        y1: inside(up(one.level)), y2: inside(up(one.level)),
        stroke: "var(--ink)", "stroke-dasharray": "1 3" }));
    }
    const path = (points) => points.map(([x, y], i) =>
      `${i ? "L" : "M"}${across(x).toFixed(1)},${inside(up(y)).toFixed(1)}`)
      .join("");
    for (const s of one.series) {
      if (s.band) {
        const there = s.band.map(([x, low]) => [x, low]);
        const back = s.band.map(([x, , high]) => [x, high]).reverse();
        out.push(part("path", { d: `${path([...there, ...back])}Z`,
          fill: s.color, opacity: 0.13 }));
      }
      if (s.line !== false) {
        out.push(part("path", { d: path(s.points), fill: "none",
          stroke: s.color, opacity: s.opacity, "stroke-width": 1.7,
          "stroke-dasharray": s.dash }));
      }
      s.points.forEach(([x, y], i) => {
        if (s.told) pick({ x: across(x), y: inside(up(y)), told: s.told[i],
          run: Array.isArray(s.run) ? s.run[i] : s.run });
        if (s.marks?.[i]) {
          out.push(part("circle", { cx: across(x), cy: inside(up(y)), r: 4,
            fill: s.color, opacity: s.opacity, stroke: "var(--paper)" }));
        }
      });
    }
    return out;
  }

  // Draws into a <div>; chosen(run) is called where a point is clicked.
  function into(holder, spec, chosen) {
    const width = Math.max(holder.clientWidth, 240);
    const columns = Math.max(1,
      Math.min(spec.panels.length, Math.floor(width / NARROW)));
    const rows = Math.ceil(spec.panels.length / columns), points = [];
    const svg = part("svg", { viewBox: `0 0 ${width} ${rows * TALL}`,
      role: "img", "aria-label": spec.label, class: "plot" });
    spec.panels.forEach((one, i) => svg.append(...panel(spec, one,
      (i % columns) * width / columns, Math.floor(i / columns) * TALL,
      width / columns, (point) => points.push(point))));
    const ring = part("circle", { r: 6, fill: "none", stroke: "var(--ink)",
      "stroke-width": 1.5, visibility: "hidden" });
    svg.append(ring);
    const told = document.createElement("p");
    told.className = "told";
    told.setAttribute("aria-live", "polite");
    told.textContent = spec.hint;
    function nearest(event) {
      const seen = svg.getBoundingClientRect(), by = width / seen.width;
      const x = (event.clientX - seen.left) * by;
      const y = (event.clientY - seen.top) * by;
      let best = null, least = LIMITS;
      for (const point of points) {
        const away = Math.hypot(point.x - x, point.y - y);
        if (away < least) [best, least] = [point, away];
      }
      return best;
    }
    svg.addEventListener("pointermove", (event) => {
      const best = nearest(event);
      ring.setAttribute("visibility", best ? "visible" : "hidden");
      if (!best) return;
      ring.setAttribute("cx", best.x);
      ring.setAttribute("cy", best.y);
      told.textContent = best.told;
    });
    svg.addEventListener("click", (event) => {
      const best = nearest(event);
      if (best?.run && chosen) chosen(best.run);
    });
    holder.replaceChildren(svg, told);
  }

  return { into };
})();
