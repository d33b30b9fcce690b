"use strict";
// The panel: reads the form, asks the laws, writes the answer.
const whatif = (() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("whatif-data").textContent);
  const form = find("whatif-form");
  for (const domain of data.domains) {
    domain.laws = domain.laws.map(unpack);
    domain.target = domain.target && unpack(domain.target);
    domain.bottom = domain.bottom && unpack(domain.bottom);
    domain.curves = data.curves;
  }

  // 400k, 1.2M, 1e6, 1,000 -> a number; a percent sign where percents are meant
  function parse(name, { least = 0, most = Infinity, open = false,
    percent = false } = {}) {
    const field = form.elements[name], text = field.value.trim();
    const found = amounts.read(text);
    const value = found && (percent || !found.percent) ? found.value : NaN;
    const right = value <= most && (open ? value > least : value >= least);
    field.setAttribute("aria-invalid", String(!right));
    if (!right) {
      const label = field.labels[0].textContent.trim().replace(/\s+/g, " ");
      throw new RangeError(`${label}: found “${text}”, expected a number ` +
        (open ? "above 0, such as 400k or 1.2M" : Number.isFinite(most) ?
          `from ${least} to ${most}` : ""));
    }
    return value;
  }

  function question() {
    const unit = form.elements.unit.value;
    const range = { open: true, percent: unit !== "loss",
      most: unit === "progress" ? 99.999 : Infinity };
    return {
      model_params: parse("model_params", { open: true }),
      target_tokens: parse("target_tokens", { open: true }),
      injection: parse("injection", { most: 100, percent: true }) / 100,
      tolerance: parse("tolerance", range),
      epochs: form.elements.epochs.value.trim() === "" ? null :
        parse("epochs", { open: true }),
      unit,
    };
  }

  const domainNow = () =>
    data.domains.find((d) => d.name === form.elements.domain.value);

  function update() {
    const error = find("whatif-error");
    try {
      const asked = question();
      show(domainNow(), asked, answer(domainNow(), asked, data.level));
      error.hidden = true;
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      error.textContent = problem.message;
      error.hidden = false;
    }
    find("whatif-answer").hidden = !error.hidden;
  }

  function show(domain, asked, a) {
    const at = a.chosen;
    write("whatif-at", `With ${percent(at.p)} injected`, [
      ["Pretraining loss, nats per token", g(at.pretrain.value, 4),
        range(at.pretrain, (v) => g(v, 4))],
      ["a new run's", "", range(at.run, (v) => g(v, 4))],
      ["Forgetting", g(at.forgetting.value, 4),
        range(at.forgetting, (v) => g(v, 4))],
      ...(a.curve ? [["Pretraining progress lost", `${g(at.progress, 3)} %`,
        ""]] : []),
      ...(at.target ? [
        ["Target loss, nats per token", g(at.target.value, 4),
          range(at.target, (v) => g(v, 4))],
        ["a new run's", "", range(at.target.run, (v) => g(v, 4))],
      ] : []),
      ...(at.bottom ? [["Target loss turns after: tokens",
        number(at.bottom.value), range(at.bottom, number)]] : []),
      ...costs(a, at.p, asked.epochs),
    ]);
    const feasible = Number.isFinite(a.needed.value);
    write("whatif-needed",
      `To keep forgetting under ${g(a.tolerance, 4)} nats per token`, [
        ["Inject", injected(a.needed.value), range(a.needed, injected)],
        ["Refits in which some injection suffices",
          `${(100 * a.feasible).toFixed(0)} %`, ""],
        ["Forgetting without injection", g(a.without.value, 4),
          range(a.without, (v) => g(v, 4))],
        ...instead("Or no injection and at most: target tokens",
          a.tokensAllowed),
        ...instead("Or no injection and at least: parameters", a.sizeNeeded),
        ...(feasible ? costs(a, a.needed.value, asked.epochs) : []),
      ]);
    warn(a);
    find("whatif-told").textContent = told(domain.name, a);
    find("whatif-command").textContent = command(domain, asked);
    draw(find("whatif-chart"), domain, asked, a);
    key(domain, a);
  }

  function instead(name, found) {
    return found ? [[name, possible(found.value), range(found, possible)]] : [];
  }

  function costs(a, p, epochs) {
    const spent = cost(a.law, a.at, p, epochs);
    return [
      ["Cost: training tokens", number(spent.tokens), ""],
      ["of them injected", number(spent.injected), ""],
      ["Cost: FLOPs", g(spent.flops, 3), `+${g(100 * extraCompute(p), 2)} %`],
    ];
  }

  const range = ({ low, high }, as) => `[${as(low)}, ${as(high)}]`;

  // 24.7k, 1.27B: counts as people write them
  function number(value) {
    if (!Number.isFinite(value)) return "unlimited";
    for (const [unit, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"],
      [1e3, "k"]]) {
      if (value >= unit * 0.9995) return g(value / unit, 3) + letter;
    }
    return g(value, 3);
  }

  // an amount of text or a size that there is
  const possible = (value) =>
    value >= 1 && value < Infinity ? number(value) : "none suffices";

  // what is told has its own word for it, that of the command
  const injected = (value) =>
    Number.isFinite(value) ? percent(value) : "none suffices";

  // minus signs, and percent signs that stay at their number
  const typeset = (text) => text.replace(/(^|[^\w.-])-(?=\d)/g, "$1−")
    .replace(/(\d) %/g, "$1\u00a0%");

  function write(id, title, rows) {
    const table = find(id);
    table.caption.textContent = typeset(title);
    table.tBodies[0].replaceChildren(...rows.map((cells) => {
      const row = document.createElement("tr");
      for (const cell of cells) row.insertCell().textContent = typeset(cell);
      return row;
    }));
  }

  function warn(a) {
    const lines = [
      ...toldBeyond({ ...a.chosen.beyond, ...a.beyond }),
      ...a.cautions.map((what) => `caution: ${what}`),
    ];
    find("whatif-warnings").replaceChildren(...lines.map((line) => {
      const part = document.createElement("p");
      part.className = "warning";
      part.textContent = line;
      return part;
    }));
  }

  function command(domain, asked) {
    const unit = asked.unit === "loss" ? "" : ` --unit ${asked.unit}`;
    return `forgetting advise ${data.source} --domain ${domain.argument}` +
      ` --model-params ${asked.model_params}` +
      ` --target-tokens ${asked.target_tokens}` +
      ` --tolerance ${asked.tolerance}${unit}` +
      (asked.epochs === null ? "" : ` --epochs ${asked.epochs}`);
  }

  function key(domain, a) {
    const runs = measuredAt(domain, a.at).length;
    find("whatif-key").textContent =
      "Line and band: the law and its 95 % interval; dashed: the tolerance; " +
      "bar on it: the interval of the injection that keeps it; ring: the " +
      `chosen injection; ${runs ? "dots: runs; " : ""}grey: beyond the runs. ` +
      `Intervals from ${a.law.count.toLocaleString("en")} bootstrap ` +
      `refits${data.every > 1 ? `, every ${data.every}th of those made` : ""}.` +
      (a.law.bases.some((b) => b[0] === a.at.N) ? "" :
        " No model of this size was run: its loss before fine-tuning is read " +
        "off a line through the sizes that were.");
  }

  function start() {
    const option = (value) => new Option(value, value);
    form.elements.domain.replaceChildren(
      ...data.domains.map((d) => option(d.name)));
    const sizes = (axis) => [...new Set(data.domains.flatMap(
      (d) => d.measured.map((row) => row[axis])))].sort((x, y) => x - y);
    find("whatif-sizes").replaceChildren(...sizes(0).map(option));
    find("whatif-tokens").replaceChildren(...sizes(1).map(option));
    form.elements.model_params.value = sizes(0).at(-1);
    form.elements.target_tokens.value = sizes(1).at(-1);
    form.elements.injection.value = 1;
    form.elements.tolerance.value = data.tolerance;
    if (!data.curves.length) form.elements.unit.remove(2);
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    update();
    find("whatif-panel").hidden = false;
    find("whatif-unable").hidden = true;
  }

  start();
  return {
    ask: (asked) => answer(
      data.domains.find((d) => d.name === asked.domain), asked, data.level),
  };
})();
