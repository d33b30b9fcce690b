"use strict";
// A question to the laws, its answer, and the answer in the words of
// `forgetting advise`.

// question: model_params, target_tokens, injection, tolerance, unit, epochs.
function answer(domain, question, level) {
  const law = domain.law, at = { N: question.model_params,
    D: question.target_tokens };
  const base = baseLoss(law, at.N), curve = nearestCurve(domain.curves, at.N);
  const tolerance = inNats(question.tolerance, question.unit, base, curve);
  const needed = withInterval(law, level,
    (q) => injectionNeeded(law, q, at, tolerance));
  const used = Math.min(needed.value, 1);
  return {
    at, base, curve, tolerance, needed, level,
    feasible: needed.draws.filter(Number.isFinite).length / law.count,
    without: withInterval(law, level,
      (q) => forgettingAt(law, q, { ...at, p: 0 })),
    reached: forgettingAt(law, law.point, { ...at, p: used }),
    target: domain.target && withInterval(domain.target, level,
      (q) => lossAt(domain.target, q, { ...at, p: 0 }, 0)),
    beyond: beyond(law, { ...at, p: used }),
    tokensAllowed: along(law, level, "D", at, tolerance),
    sizeNeeded: along(law, level, "N", at, tolerance),
    cautions: cautions(domain, at, tolerance),
    chosen: chosen(domain, { ...at, p: question.injection }, level),
  };
}

// What to expect of the chosen injection: the law alone, and a new run.
function chosen(domain, at, level) {
  const law = domain.law, base = baseLoss(law, at.N);
  const curve = nearestCurve(domain.curves, at.N);
  const pretrain = withInterval(law, level, (q) => lossAt(law, q, at, base));
  const forgetting = {};
  for (const end of ["value", "low", "high"]) {
    forgetting[end] = pretrain[end] - base;
  }
  return {
    p: at.p, pretrain, forgetting, run: newRun(law, pretrain.draws, level),
    target: domain.target && chosenTarget(domain.target, at, level),
    progress: curve && progressLost(curve, forgetting.value),
    beyond: beyond(law, at),
  };
}

function chosenTarget(law, at, level) {
  const loss = withInterval(law, level, (q) => lossAt(law, q, at, 0));
  return { ...loss, run: newRun(law, loss.draws, level) };
}

// Where a new run would fall: the law's draws with the residuals' noise.
function newRun(law, draws, level) {
  const [low, high] = quantile(
    draws.map((loss, i) => loss * Math.exp(law.noise[i])), level);
  return { low, high };
}

function along(law, level, axis, at, tolerance) {
  const found = withInterval(law, level,
    (q) => crossing(law, q, axis, at, tolerance));
  const where = { ...at, p: 0, [axis]: found.value };
  return { ...found, beyond: beyond(law, where) };
}

function nearestCurve(curves, size) {
  const away = curves.map((c) => Math.abs(Math.log(c.model_params / size)));
  return curves[away.indexOf(Math.min(...away))] ?? null;
}

function cautions(domain, at, tolerance) {
  const told = [...domain.cautions];
  if (domain.published) {
    const { law, words } = domain.published;
    const needed = injectionNeeded(law, law.point, at, tolerance);
    told.unshift(words + percent(needed));
  }
  return told;
}

// A fine-tuning's tokens and FLOPs: 6 N tokens.
function cost(at, injection, epochs) {
  const tokens = injection < 1 ? epochs * at.D / (1 - injection) : Infinity;
  return { tokens, injected: tokens * injection, flops: 6 * at.N * tokens };
}

// As Python's format "g": so many digits, no zeros at the end.
function g(value, digits, group = false) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const strip = (text) =>
    text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  if (power < -4 || power >= digits) {
    const size = String(Math.abs(power)).padStart(2, "0");
    return `${strip(mantissa)}e${power < 0 ? "-" : "+"}${size}`;
  }
  const text = strip(value.toFixed(digits - 1 - power));
  return group ? grouped(text) : text;
}

function grouped(text) {
  const [whole, part] = text.split(".");
  const marked = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part === undefined ? marked : `${marked}.${part}`;
}

function percent(value) {
  return Number.isFinite(value) ? `${g(100 * value, 3)} %` : "infeasible";
}

function told(name, a) {
  const level = `${g(100 * a.level, 6)} %`;
  const lines = [
    `${name}, ${grouped(a.at.N.toFixed(0))} parameters, ` +
      `${grouped(a.at.D.toFixed(0))} target tokens: keep forgetting under ` +
      toldTolerance(a),
    `  forgetting without injection ${g(a.without.value, 4)} (${level} ` +
      `[${g(a.without.low, 4)}, ${g(a.without.high, 4)}])`,
  ];
  const share = `feasible in ${(100 * a.feasible).toFixed(0)} % of the bootstrap`;
  if (!Number.isFinite(a.needed.value)) {
    lines.push("  INFEASIBLE: no injection up to 100 % gets there (it leaves " +
      `${g(a.reached, 4)}); ${share}`);
  } else {
    lines.push(`  inject ${percent(a.needed.value)} (${level} ` +
      `[${percent(a.needed.low)}, ${percent(a.needed.high)}]), ` +
      `extra compute ${g(100 * extraCompute(a.needed.value), 2)} %`);
    if (a.feasible < 0.995) lines.push(`  ${share}`);
  }
  if (a.target) {
    lines.push(`  expected target loss ${g(a.target.value, 4)} (${level} ` +
      `[${g(a.target.low, 4)}, ${g(a.target.high, 4)}])`);
  }
  lines.push(`  or without injection: ${toldInstead(a.tokensAllowed, a.level,
    "at most {} target tokens", "no amount of target text")}`);
  lines.push(`  or without injection: ${toldInstead(a.sizeNeeded, a.level,
    "at least {} parameters", "no model size")}`);
  for (const line of toldBeyond(a.beyond)) lines.push(`  ${line}`);
  for (const what of a.cautions) lines.push(`  caution: ${what}`);
  return lines.join("\n");
}

function toldBeyond(found) {
  return Object.entries(found).map(([axis, factor]) =>
    `EXTRAPOLATION: ${axis} is ${g(factor, 3)} x outside the data`);
}

function toldTolerance(a) {
  const others = [`${g(100 * a.tolerance / a.base, 3)} % of the loss`];
  if (a.curve) {
    const lost = progressLost(a.curve, a.tolerance);
    others.push(`${g(lost, 3)} % of pretraining progress`);
  }
  return `${g(a.tolerance, 4)} nats per token (${others.join(", ")})`;
}

function toldInstead(found, level, some, none) {
  if (!(found.value >= 1 && found.value < Infinity)) return `${none} keeps it`;
  let line = some.replace("{}", g(found.value, 4, true));
  line += ` (${g(100 * level, 6)} % [${g(found.low, 4, true)}, ` +
    `${g(found.high, 4, true)}])`;
  for (const factor of Object.values(found.beyond)) {
    line += `; EXTRAPOLATION: ${g(factor, 3)} x outside the data`;
  }
  return line;
}

function extraCompute(injection) {
  return injection >= 1 ? Infinity : injection / (1 - injection);
}
