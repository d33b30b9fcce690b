"use strict";
// The U-curves of one cell, chosen among all, and forgetting by injection.
const explore = (() => {
  const found = document.getElementById("explore-data");
  if (!found) return null;
  const data = JSON.parse(found.textContent);
  const byId = (id) => document.getElementById(id);
  const count = (n) => {
    for (const [unit, letter] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
      if (n >= unit * 0.9995) return `${Number((n / unit).toPrecision(3))}${letter}`;
    }
    return String(n);
  };
  const share = (p) => `${Number((100 * p).toPrecision(3))}\u00a0%`;
  const hue = (domain) => `var(--domain${data.colors[domain]})`;
  const form = byId("explore-form");
  const pick = (name) => form?.elements[name].value;

  function ends(values, room) {
    const low = Math.min(...values), high = Math.max(...values);
    return { from: low - room * (high - low), to: high + room * (high - low) };
  }

  // More of the colour with more injection; none is ink, and dashed.
  function look(p, levels, domain) {
    if (p === 0) return { color: "var(--ink)", dash: "5 3", opacity: 1 };
    const some = levels.filter((l) => l > 0), at = some.indexOf(p);
    const opacity = some.length < 2 ? 1 : 0.45 + 0.55 * at / (some.length - 1);
    return { color: hue(domain), opacity };
  }

  function curves() {
    const near = data.curves.filter((run) => run.domain === pick("domain"));
    const runs = near.filter((run) => String(run.model_params) === pick("size") &&
      String(run.target_tokens) === pick("tokens"));
    const levels = [...new Set(runs.map((run) => run.injection))]
      .sort((a, b) => a - b);
    const steps = near.flatMap((run) => run.points.map((row) => row[0]));
    const x = { label: "Fine-tuning steps", log: true, from: Math.min(...steps),
      to: Math.max(...steps) };
    x.ticks = [];
    for (let e = 0; e < 8; e++) {
      for (const m of [1, 2, 5]) {
        const v = m * 10 ** e;
        if (v >= x.from && v <= x.to) x.ticks.push([v, count(v)]);
      }
    }
    const panels = [["Target loss", 2], ["Pretraining loss", 1]].map(
      ([title, column]) => ({
        title: `${title}, nats per token`,
        level: column === 1 ? runs[0]?.base : undefined,
        y: { label: "", ...ends([
          ...near.flatMap((run) => limits(run, column)),
          ...(column === 1 ? near.map((run) => run.base) : []),
        ], 0.05) },
        series: runs.map((run) => ({
          ...look(run.injection, levels, run.domain),
          points: run.points.map((row) => [row[0], row[column]]),
          marks: run.points.map((row) => row[0] === run.best),
          told: run.points.map((row) => `${share(run.injection)} injected, ` +
            `step ${row[0]}: target loss ${row[2].toFixed(3)}, pretraining ` +
            `loss ${row[1].toFixed(3)}${row[0] === run.best ? " (best)" : ""}`),
          run: run.run,
        })),
      }));
    plot.into(byId("explore-plot"), { x, y: {}, panels,
      label: "Losses while fine-tuning",
      hint: "Point at a line for its values; click for the run." }, toRun);
    key(runs, levels);
  }

  // The first steps must not squeeze the bottom of the U.
  function limits(run, column) {
    const values = run.points.map((row) => row[column]);
    if (column === 1) return values;
    const low = Math.min(...values), end = values.at(-1);
    return [low, Math.max(end, Math.min(values[0], low + 3 * (end - low)))];
  }

  function key(runs, levels) {
    byId("explore-key").replaceChildren(...levels.map((p) => {
      const run = runs.find((one) => one.injection === p);
      const part = document.createElement("span"), style = look(p, levels, run.domain);
      const dash = document.createElement("i");
      dash.style.borderTop = `3px ${style.dash ? "dashed" : "solid"} ${style.color}`;
      dash.style.opacity = style.opacity;
      part.append(dash, ` ${share(p)}`);
      for (const [name, file] of Object.entries(run.files)) {
        const link = document.createElement("a");
        link.href = file;
        link.textContent = name;
        part.append(" ", link);
      }
      return part;
    }));
  }

  // Shows a run's row in the table of runs.
  function toRun(name) {
    const row = document.querySelector(`tr[data-run="${CSS.escape(name)}"]`);
    if (!row) return;
    for (let up = row; up; up = up.parentElement) {
      if (up.tagName === "DETAILS") up.open = true;
    }
    row.hidden = false;
    row.scrollIntoView({ block: "center" });
    row.classList.add("found");
    setTimeout(() => row.classList.remove("found"), 3000);
  }

  // Shows a run's curve: the cell of its row is chosen.
  function toCurve(name) {
    const run = data.curves.find((one) => one.run === name);
    if (!run) return;
    form.elements.domain.value = run.domain;
    offer();
    form.elements.size.value = run.model_params;
    form.elements.tokens.value = run.target_tokens;
    curves();
    byId("u_curves").scrollIntoView();
  }

  function forgetting(holder) {
    const { rows, domain } = data.injection.find(
      (one) => one.domain === holder.dataset.domain);
    const all = data.injection.flatMap((one) => one.rows);
    const measured = all.filter((row) => row.kind === "measured");
    const injections = [...new Set(measured.map((row) => row.p))]
      .sort((a, b) => a - b);
    const least = injections.find((p) => p > 0) ?? 1;
    const x = { label: "Injection (share of tokens)", zero: least / 3, from: 0,
      to: injections.at(-1), ticks: injections.map((p) => [p, share(p)]) };
    const values = all.flatMap((row) => [row.f, row.low, row.high])
      .filter((v) => v !== null);
    const y = { label: "Forgetting, nats", ...ends([0, ...values], 0.04) };
    const sizes = [...new Set(rows.map((row) => row.n))].sort((a, b) => a - b);
    const tokens = [...new Set(rows.map((row) => row.d))].sort((a, b) => a - b);
    const panels = tokens.map((d) => ({
      title: `${count(d)} target tokens`, level: 0,
      series: sizes.flatMap((n, i) => {
        const here = rows.filter((row) => row.d === d && row.n === n);
        const of = (kind) => here.filter((row) => row.kind === kind)
          .sort((a, b) => a.p - b.p);
        const color = hue(domain);
        const opacity = sizes.length < 2 ? 1 : 0.45 + 0.55 * i / (sizes.length - 1);
        const law = of("law"), runs = of("measured");
        return [
          ...(law.length ? [{ color, opacity, points: law.map((r) => [r.p, r.f]),
            band: law.map((r) => [r.p, r.low, r.high]) }] : []),
          { color, opacity, line: !law.length, points: runs.map((r) => [r.p, r.f]),
            marks: runs.map(() => true), run: runs.map((r) => r.run),
            told: runs.map((r) => `${count(n)} parameters, ${count(d)} target ` +
              `tokens, ${share(r.p)} injected: forgets ${r.f.toFixed(3)} nats`) },
        ];
      }),
    }));
    plot.into(holder, { x, y, panels, label: `Forgetting on ${domain}`,
      hint: "Point at a dot for its values; click for its curve." }, toCurve);
  }

  function offer() {
    const near = data.curves.filter((run) => run.domain === pick("domain"));
    for (const [name, column] of [["size", "model_params"],
      ["tokens", "target_tokens"]]) {
      const field = form.elements[name], before = field.value;
      const values = [...new Set(near.map((run) => run[column]))]
        .sort((a, b) => a - b);
      field.replaceChildren(...values.map((v) => new Option(count(v), v)));
      field.value = values.map(String).includes(before) ? before : values.at(-1);
    }
  }

  function start() {
    if (data.curves.length) {
      const domains = [...new Set(data.curves.map((run) => run.domain))];
      form.elements.domain.replaceChildren(
        ...domains.map((d) => new Option(data.titles[d] ?? d, d)));
      const first = data.first;
      form.elements.domain.value = first.domain;
      offer();
      form.elements.size.value = first.model_params;
      form.elements.tokens.value = first.target_tokens;
      form.addEventListener("change", () => { offer(); curves(); });
      byId("explore").hidden = false;
    }
    const draw = () => {
      if (data.curves.length) curves();
      for (const one of document.querySelectorAll(".forgetting")) {
        forgetting(one);
      }
    };
    document.documentElement.classList.add("drawn");
    draw();
    addEventListener("resize", draw);
    document.addEventListener("click", (event) => {
      const name = event.target.closest?.("[data-curve]")?.dataset.curve;
      if (name) { event.preventDefault(); toCurve(name); }
    });
  }

  start();
  return { toRun, toCurve };
})();
