"use strict";
// A question to the laws, its answer, and the answer in the words of
// `forgetting advise`.

// question: model_params, target_tokens, injection, tolerance, unit, epochs
// (null: as the study's runs).
function answer(domain, question, level) {
  const at = { N: question.model_params, D: question.target_tokens };
  const choice = domain.choice[sideOf(domain.laws[0], at)];
  const law = withEpochs(domain.laws[choice.law], question.epochs);
  refuseFar(beyond(law, at));
  const base = baseLoss(law, at.N), curve = nearestCurve(domain.curves, at.N);
  const tolerance = inNats(question.tolerance, question.unit, base, curve);
  const spread = spreadAt(law, at), off = law.off.map((z) => spread * z);
  const needed = withInterval(law, level, (q, i) =>
    injectionNeeded(law, q, at, tolerance - (i === undefined ? 0 : off[i])));
  const told = besideRuns(domain, law, at, tolerance, needed);
  const used = Math.min(needed.value, 1);
  return {
    at, base, curve, tolerance, needed, level, law,
    feasible: needed.draws.filter(Number.isFinite).length / law.count,
    without: withInterval(law, level, (q, i) =>
      forgettingAt(law, q, { ...at, p: 0 }) + (i === undefined ? 0 : off[i])),
    reached: forgettingAt(law, law.point, { ...at, p: used }),
    target: domain.target && withInterval(domain.target, level,
      (q) => lossAt(domain.target, q, { ...at, p: 0 }, 0)),
    beyond: beyond(law, { ...at, p: used }),
    trial: choice.trial,
    trained: law.schedule && trained(law.schedule, { ...at, p: used }),
    tokensAllowed: along(law, level, "D", at, tolerance),
    sizeNeeded: along(law, level, "N", at, tolerance),
    cautions: [...told, ...disagreeing(domain, law, question, at, tolerance,
      needed, choice), ...law.cautions],
    chosen: chosen(domain, law, { ...at, p: question.injection }, level),
  };
}

function refuseFar(factors) {
  for (const [axis, factor] of Object.entries(factors)) {
    if (factor > FAR) {
      throw new RangeError(`${axis}: found a question ${g(factor, 3)} times ` +
        `outside the data, expected at most ${FAR} times: add runs nearer to it`);
    }
  }
}

// The law's answer, moved between the cell's own runs where they bracket it.
function besideRuns(domain, law, at, tolerance, needed) {
  const found = bracket(ofCell(domain.measured, at), tolerance);
  if (!found || (found.low <= needed.value && needed.value <= found.high)) {
    return [];
  }
  const alone = needed.value;
  needed.value = between(found, tolerance, law.scale / (law.schedule ?
    trained(law.schedule, { ...at, p: 0 }) : 1));
  needed.low = Math.min(needed.low, needed.value);
  needed.high = Math.max(needed.high, needed.value);
  return ["the runs of this cell say so: " +
    `${percent(found.low)} forgot ${g(found.over, 3)}, ${percent(found.high)} ` +
    `${g(found.under, 3)} nats; the law alone says ${percent(alone)}`];
}

// Which other forms lie outside the interval of the answer.
function disagreeing(domain, law, question, at, tolerance, { low, high }, choice) {
  const told = [];
  for (const form of domain.forms) {
    const one = withEpochs(form, question.epochs);
    const needed = injectionNeeded(one, one.point, at, tolerance);
    if (form.title === law.title || (low <= needed && needed <= high)) continue;
    const error = choice.errors[form.title];
    const missed = error === null ? "" : ` (missed ${g(error, 3)} nats)`;
    told.push(`${form.title} says ${percent(needed)}${missed}`);
  }
  return told;
}

// What to expect of the chosen injection: the law alone, and a new run.
function chosen(domain, law, at, level) {
  const base = baseLoss(law, at.N);
  const curve = nearestCurve(domain.curves, at.N);
  const pretrain = withInterval(law, level, (q) => lossAt(law, q, at, base));
  const forgetting = {};
  for (const end of ["value", "low", "high"]) {
    forgetting[end] = pretrain[end] - base;
  }
  return {
    p: at.p, pretrain, forgetting, run: newRun(law, pretrain.draws, level),
    target: domain.target && chosenTarget(domain.target, at, level),
    bottom: domain.bottom && withInterval(domain.bottom, level,
      (q) => lossAt(domain.bottom, q, at, 0)),
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

// Where the law says nothing of an axis there is no answer: null.
function along(law, level, axis, at, tolerance) {
  if (!dependsOn(law, axis, at)) return null;
  const found = withInterval(law, level,
    (q) => crossing(law, q, axis, at, tolerance));
  const where = { ...at, p: 0, [axis]: found.value };
  return { ...found, beyond: beyond(law, where) };
}

function nearestCurve(curves, size) {
  const away = curves.map((c) => Math.abs(Math.log(c.model_params / size)));
  return curves[away.indexOf(Math.min(...away))] ?? null;
}

// A fine-tuning's tokens and FLOPs: 6 N tokens.
function cost(law, at, injection, asked) {
  const epochs = asked ?? (law.schedule ? epochsOf(law.schedule, at.D) : 10);
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
  lines.push(toldLaw(a));
  const instead = a.needed.value > 0 ? [
    [a.tokensAllowed, "at most {} target tokens", "no amount of target text"],
    [a.sizeNeeded, "at least {} parameters", "no model size"],
  ] : [];
  for (const [found, some, none] of instead) {
    if (!found) continue;
    // no number without a run anywhere near it
    if (found.value >= 1 && found.value < Infinity &&
      Object.values(found.beyond).some((factor) => factor > FAR)) continue;
    lines.push(
      `  or without injection: ${toldInstead(found, a.level, some, none)}`);
  }
  for (const line of toldBeyond(a.beyond)) lines.push(`  ${line}`);
  for (const what of a.cautions) lines.push(`  caution: ${what}`);
  return lines.join("\n");
}

function toldLaw(a) {
  let line = `  by ${a.law.title}`;
  line += a.trial.error === null ?
    ", which could not be tried on these runs: taken as off by " +
      `${g(100 * UNTRIED, 3)} %` :
    `, which missed ${g(a.trial.error, 3)} nats of forgetting when tried ` +
      `(${a.trial.where})`;
  if (a.trained !== null) {
    const injected = Math.min(a.needed.value, 1) * a.trained;
    line += `; ${rounded(a.trained)} tokens trained, of them ` +
      `${rounded(injected)} injected`;
  }
  return line;
}

// A count to three digits, with its thousands marked.
function rounded(count) {
  return grouped(Number(count.toPrecision(3)).toFixed(0));
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
