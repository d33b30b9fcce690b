"use strict";
// The laws in the units of their fits, and what is asked of them: the same
// scans and bisections as in forgetting/laws, so that the answers are the same.

// FORMS, name -> (q, at, s, base) -> loss over its unit, is written by
// javascript.py from the laws themselves.
const GRID = [0];
for (let i = 0; i <= 140; i++) GRID.push(Math.pow(10, -7 + i / 20));
GRID[GRID.length - 1] = 1;
const BEYOND = 1.25, FAR = 30, SPAN = 1e8, HALVINGS = 60, MOST = 0.99;
const COLUMNS = {
  N: "model_params", D: "target_tokens", p: "injection",
};

function floats(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

// A law as the page brings it -> with its parameters a lane.
function unpack(law) {
  const columns = {};
  for (const [name, value] of Object.entries(law.draws)) {
    columns[name] = typeof value === "number" ? value : floats(value);
  }
  const lanes = Array.from({ length: law.count }, (_, i) => {
    const q = {};
    for (const [name, c] of Object.entries(columns)) {
      q[name] = typeof c === "number" ? c : c[i];
    }
    return q;
  });
  return { ...law, lanes, noise: law.noise ? floats(law.noise) : null,
    off: law.off ? Array.from(floats(law.off)) : null };
}

// Passes over the target tokens that runs of so many of them are planned for.
function epochsOf(schedule, tokens) {
  const levels = schedule.levels, x = Math.log(tokens);
  if (levels.length === 1) return levels[0][1];
  let i = 0;
  while (i + 2 < levels.length && Math.log(levels[i + 1][0]) < x) i++;
  const [low, high] = [levels[i], levels[i + 1]];
  const slope = Math.log(high[1] / low[1]) / Math.log(high[0] / low[0]);
  const passes = Math.exp(Math.log(low[1]) + slope * (x - Math.log(low[0])));
  return Math.max(passes, 1);
}

// Tokens trained on when the loss is read: see forgetting/laws/schedule.py.
function trained(schedule, at) {
  const share = 1 - Math.min(at.p ?? 0, MOST), bottom = schedule.bottom;
  const planned = epochsOf(schedule, at.D) * at.D / share;
  if (!bottom) return planned;
  const part = bottom.C * Math.pow(at.D, bottom.delta) *
    Math.pow(at.N, -bottom.nu);
  return Math.min(planned, part / share);
}

// A law whose plans last so many passes; null are those of the runs.
function withEpochs(law, epochs) {
  if (epochs === null || !law.schedule) return law;
  const levels = [[1, epochs]];
  return { ...law, schedule: { ...law.schedule, levels } };
}

// The loss that a law predicts from a base; of the target law the base is 0.
function lossAt(law, q, at, base) {
  if (law.schedule) at = { ...at, T: trained(law.schedule, at) };
  const total = FORMS[law.name](q, at, law.scales, base / law.scales.L);
  return total > 0 ? law.scales.L * total : NaN;
}

function forgettingAt(law, q, at) {
  return lossAt(law, q, at, law.scales.L) - law.scales.L;
}

function quantile(values, level) {
  const ordered = Float64Array.from(values, (v) => Number.isNaN(v) ? Infinity : v);
  ordered.sort();
  const last = ordered.length - 1;
  return [ordered[Math.floor((1 - level) / 2 * last)],
    ordered[Math.ceil((1 + level) / 2 * last)]];
}

// (parameters -> number) -> its value at the optimum, and its interval.
function withInterval(law, level, ask) {
  const draws = law.lanes.map((q, i) => ask(q, i));
  const [low, high] = quantile(draws, level);
  return { value: ask(law.point), low, high, draws };
}

// The least injection that keeps forgetting under a tolerance, or infinity.
function injectionNeeded(law, q, at, tolerance) {
  const inside = (p) => forgettingAt(law, q, { ...at, p }) <= tolerance;
  const first = GRID.findIndex(inside);
  if (first < 0) return Infinity;
  if (first === 0) return 0;
  let low = GRID[first - 1], high = GRID[first];
  for (let i = 0; i < 50; i++) {
    const middle = 0.5 * (low + high);
    if (inside(middle)) high = middle; else low = middle;
  }
  return high;
}

// Where forgetting without injection crosses a tolerance along N or D.
function crossing(law, q, axis, at, tolerance) {
  const rises = axis === "D", [least, greatest] = law.ranges[axis];
  let low = Math.log(least / SPAN), high = Math.log(greatest * SPAN);
  const inside = (log) =>
    forgettingAt(law, q, { ...at, p: 0, [axis]: Math.exp(log) }) <= tolerance;
  if (!inside(rises ? low : high)) return rises ? 0 : Infinity;
  if (inside(rises ? high : low)) return rises ? Infinity : 0;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = 0.5 * (low + high);
    if (inside(middle) === rises) low = middle; else high = middle;
  }
  return Math.exp(rises ? low : high);
}

// Whether forgetting without injection changes along an axis, by the law.
function dependsOn(law, axis, at) {
  const [here, there] = [1, 2].map((times) => forgettingAt(law, law.point,
    { ...at, p: 0, [axis]: times * at[axis] }));
  return Math.abs(here - there) > 1e-9 * Math.abs(there);
}

// Axis -> how far a point is outside the data, as a factor.
function beyond(law, at) {
  const out = {};
  for (const [symbol, name] of Object.entries(COLUMNS)) {
    const value = at[symbol], range = law.ranges[symbol];
    if (value === undefined || !range) continue;
    const [least, greatest] = range;
    if (value > greatest * BEYOND) {
      out[name] = greatest ? value / greatest : Infinity;
    } else if (value > 0 && value < least / BEYOND) out[name] = least / value;
  }
  return out;
}

// On which axes a question lies beyond the data, as "N+", "N+D-" or "".
function sideOf(law, at) {
  let side = "";
  for (const axis of ["N", "D"]) {
    const [least, greatest] = law.ranges[axis];
    if (at[axis] > greatest * BEYOND) side += `${axis}+`;
    else if (at[axis] < least / BEYOND) side += `${axis}-`;
  }
  return side;
}

// How far the form may be off there: see forgetting/laws/trials.py.
const UNTRIED = 0.12;

function spreadAt(law, at) {
  const lost = forgettingAt(law, law.point, { ...at, p: 0 });
  const inside = law.trials[""];
  const near = inside?.rows ? inside.spread : UNTRIED * Math.max(lost, 0);
  const side = sideOf(law, at), edge = law.trials[side];
  if (!side || !edge?.rows) return near;
  let away = 0;
  for (const axis of ["N", "D"]) {
    const [least, greatest] = law.ranges[axis];
    if (side.includes(`${axis}+`)) away += Math.log(at[axis] / greatest);
    if (side.includes(`${axis}-`)) away += Math.log(least / at[axis]);
  }
  return near + Math.max(edge.spread - near, 0) * away / edge.distance;
}

// Mean forgetting measured in a cell -> [[injection, forgetting], ...].
function ofCell(measured, at) {
  const same = (ratio) => ratio < 1.01 && ratio > 1 / 1.01, sums = new Map();
  for (const [n, d, p, forgotten] of measured) {
    if (!same(n / at.N) || !same(d / at.D)) continue;
    const [sum, count] = sums.get(p) ?? [0, 0];
    sums.set(p, [sum + forgotten, count + 1]);
  }
  return [...sums].map(([p, [sum, count]]) => [p, sum / count])
    .sort((a, b) => a[0] - b[0]);
}

// The measured injections between which a tolerance lies, or null.
function bracket(cell, tolerance) {
  const over = cell.filter((row) => row[1] > tolerance).at(-1);
  const kept = cell.find((row) => row[1] <= tolerance);
  if (!over || !kept || over[0] > kept[0]) return null;
  return { low: over[0], high: kept[0], over: over[1], under: kept[1] };
}

// Where the line between those runs has the tolerance.
function between(found, tolerance, scale) {
  const ends = [Math.log(found.low + scale), Math.log(found.high + scale)];
  const share = (found.over - tolerance) /
    Math.max(found.over - found.under, 1e-300);
  const at = Math.exp(ends[0] + share * (ends[1] - ends[0])) - scale;
  return Math.min(Math.max(at, found.low), found.high);
}

// The measured base loss of a size, or one along the log-log line.
function baseLoss(law, size) {
  const x = law.bases.map((b) => Math.log(b[0]));
  const y = law.bases.map((b) => Math.log(b[1])), wanted = Math.log(size);
  const away = x.map((v) => Math.abs(v - wanted));
  const nearest = away.indexOf(Math.min(...away));
  if (away[nearest] < 1e-9) return law.bases[nearest][1];
  if (x.length < 2) return law.bases[0][1];
  const mean = (v) => v.reduce((a, b) => a + b, 0) / v.length;
  const mx = mean(x), my = mean(y);
  let up = 0, down = 0;
  for (let i = 0; i < x.length; i++) {
    up += (x[i] - mx) * (y[i] - my);
    down += (x[i] - mx) ** 2;
  }
  return Math.exp(my + up / down * (wanted - mx));
}

// y where x is, on a line through points with rising x.
function interpolate(x, xs, ys) {
  const last = xs.length - 1;
  if (x <= xs[0]) return ys[0];
  if (x >= xs[last]) return ys[last];
  let i = 0;
  while (i + 1 < last && xs[i + 1] <= x) i++;
  return ys[i] + (ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]) * (x - xs[i]);
}

// Percent of pretraining progress that forgetting undoes: 1 - s/S.
function progressLost(curve, forgetting) {
  const { steps, losses } = curve, end = losses.length - 1;
  const loss = losses[end] + forgetting;
  if (loss <= losses[end]) return 0;
  const falling = losses.map((v) => -v);
  return 100 * (1 - interpolate(-loss, falling, steps) / steps[end]);
}

function inNats(value, unit, base, curve) {
  if (unit === "loss") return value;
  if (unit === "percent") return value / 100 * base;
  const { steps, losses } = curve, end = steps.length - 1;
  return interpolate((1 - value / 100) * steps[end], steps, losses) - losses[end];
}
