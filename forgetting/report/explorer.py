"""The figures that one asks with the pointer: their numbers, for the page."""

from collections.abc import Iterator
from html import escape
import pathlib

from forgetting.report import links, style, tables, template_files
from forgetting.report.evidence import Evidence
from forgetting.report.markup import swatch
from forgetting.storage import finite_json

SCRIPTS = ("plot.js", "explore.js")
MOST = 60  # evaluations of a run that are drawn
ROOM = 3000  # runs that are drawn; of more the first seeds, of cells the first


def data(evidence: Evidence, drawn, page: pathlib.Path) -> str:
  """Writes the numbers that the page's own figures are drawn from.

  Args:
    evidence: the runs and their curves.
    drawn: `tables.injection`, or None.
    page: the folder that the page lies in.

  Returns:
    HTML: a script element that holds JSON; "" where there is nothing to draw.
  """
  curves = list(_curves(evidence, page))
  if not curves and drawn is None:
    return ""
  known = {
    "colors": {
      d: i % len(style.DOMAINS) for i, d in enumerate(evidence.domains)
    },
    "titles": {d: evidence.title(d) for d in evidence.domains},
    "curves": curves,
    "first": _first(evidence) if curves else None,
    "injection": [] if drawn is None else list(_injection(drawn)),
  }
  # in a script element only "<" could end it
  text = finite_json.dumps(known).replace("<", "\\u003c")
  return f'<script type="application/json" id="explore-data">{text}</script>'


def script() -> str:
  """The JavaScript that draws them."""
  return "\n".join(map(template_files.text, SCRIPTS))


def u_curves(figure: str) -> str:
  """Puts the choice of a cell before the figure that paper gets.

  Args:
    figure: HTML of the figure of one cell.
  """
  return (
    f'{template_files.text("explore.html")}<div class="still">{figure}</div>'
  )


def injection(evidence: Evidence, drawn, figure: str) -> str:
  """Puts places for the drawings, one a domain, before the figure.

  Args:
    evidence: the runs.
    drawn: `tables.injection`.
    figure: HTML of the figure that paper gets.
  """
  parts = []
  for domain in dict.fromkeys(drawn["domain"]):
    sizes = sorted(
      drawn.loc[drawn["domain"] == domain, "model_params"].unique()
    )
    keys = "".join(
      f'<span><i style="border-top: 5px solid'
      f" {style.variable(domain, evidence.domains)};"
      f' opacity: {style.shade(i, len(sizes)):.2f}"></i>'
      f" {style.count(size)}</span>"
      for i, size in enumerate(sizes)
    )
    parts.append(
      f'<div class="screen asked"><p class="legend"><b>'
      f"{swatch(domain, evidence.domains)}</b> parameters: {keys}</p>"
      f'<div class="forgetting" data-domain="{escape(domain)}"></div></div>'
    )
  return f'{"".join(parts)}<div class="still">{figure}</div>'


def _curves(evidence: Evidence, page: pathlib.Path) -> Iterator[dict]:
  import numpy as np

  if not len(evidence.curves):
    return
  runs = evidence.measured.drop_duplicates(
    ["domain", "model_params", "target_tokens", "injection"]
  )
  by_run = _by_run(evidence.curves)
  for run in runs.head(ROOM).to_dict("records"):
    key = run["study"], run["run"]
    points = by_run.get(key)
    if points is None:
      continue
    every = max(1, -(-len(points) // MOST))
    kept = np.arange(len(points)) % every == 0
    points = points[kept | (points[:, 0] == run["best_step"])]
    points = points[~np.isnan(points).any(axis=1)]
    if not len(points):
      continue
    yield {
      "run": run["run"],
      "domain": str(run["domain"]),
      "model_params": float(run["model_params"]),
      "target_tokens": float(run["target_tokens"]),
      "injection": float(run["injection"]),
      "base": round(float(run["base_pretrain_loss"]), 5),
      "best": float(run["best_step"]),
      "points": points.round(5).tolist(),
      "files": links.files(evidence, key, page),
    }


def _by_run(curves) -> dict:
  """(study, run) -> steps and both losses after the start, [evaluations, 3]."""
  columns = ["step", "pretrain_loss", "target_loss"]
  tuned = curves[curves["step"] > 0].sort_values("step", kind="stable")
  groups = tuned.groupby(["study", "run"], sort=False).indices
  points = tuned[columns].to_numpy(float)
  return {key: points[rows] for key, rows in groups.items()}


def _first(evidence: Evidence) -> dict:
  """The cell that the still figure has."""
  row = tables.u_curves(evidence).iloc[0]
  return {
    "domain": str(row["domain"]),
    "model_params": float(row["model_params"]),
    "target_tokens": float(row["target_tokens"]),
  }


def _injection(drawn) -> Iterator[dict]:
  shown = drawn[drawn["kind"].isin(["measured", "law"])]
  base = shown["base_pretrain_loss"]
  shown = shown.assign(
    p=shown["injection"],
    n=shown["model_params"],
    d=shown["target_tokens"],
    f=(shown["pretrain_loss"] - base).round(5),
    **{
      end: (shown[end] - base).round(5) if end in shown else float("nan")
      for end in ("low", "high")
    },
  )
  columns = ["kind", "run", "n", "d", "p", "f", "low", "high"]
  for domain, rows in shown.groupby("domain", sort=False):
    found = rows[columns].astype(object)
    found = found.where(found.notna(), None)
    yield {"domain": str(domain), "rows": found.to_dict("records")}
