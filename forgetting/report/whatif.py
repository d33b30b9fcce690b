"""The what-if panel: the fitted laws as numbers that the page computes with."""

import base64
from collections.abc import Sequence
import shlex

import numpy as np

from forgetting import laws
from forgetting.laws.advise import off_by
from forgetting.laws.advisors import name_of
from forgetting.laws.cautions import standing_cautions
from forgetting.laws.prepare import slots_of
from forgetting.laws.trials import every_trial
from forgetting.report import javascript, page, style, template_files
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import DomainLaws
from forgetting.report.progress import pretraining_curves
from forgetting.storage import finite_json

SCRIPTS = ("amounts.js", "law.js", "advice.js", "chart.js", "whatif.js")
LEVEL = 0.95
ROOM = 500_000  # bytes that the draws may take; beyond it they are thinned
AXES = {"N": "model_params", "D": "target_tokens", "p": "injection"}


def panel(
  evidence: Evidence, fits: Sequence[DomainLaws], tolerance: float
) -> str:
  """Makes the panel with its numbers.

  Args:
    evidence: the runs, and the curves of their pretrainings.
    fits: the laws of each domain.
    tolerance: that it begins with, nats per token.

  Returns:
    HTML; "" where no domain has a law.
  """
  able = [f for f in fits if f.advisor is not None]
  if not able:
    return ""
  every = thinning(able)
  known = {
    "level": LEVEL,
    "tolerance": tolerance,
    "source": shlex.quote(evidence.source),
    "every": every,
    "curves": [
      dict(
        model_params=float(size),
        steps=curve.steps.tolist(),
        losses=curve.losses.tolist(),
      )
      for size, curve in pretraining_curves(evidence).items()
    ],
    "domains": [_domain(evidence, f, every) for f in able],
  }
  # in a script element only "<" could end it
  text = finite_json.dumps(known).replace("<", "\\u003c")
  return (
    f"{template_files.text('whatif.html')}"
    f'<script type="application/json" id="whatif-data">{text}</script>'
  )


def script(fits: Sequence[DomainLaws]) -> str:
  """Writes the panel's JavaScript, with the laws that it computes with.

  Args:
    fits: the laws of each domain.

  Raises:
    InputError: a law whose terms have no JavaScript.
  """
  used = [
    fit.law
    for domain in fits
    for fit in (*domain.forms, domain.target, domain.bottom)
    if fit is not None
  ]
  files = map(template_files.text, SCRIPTS)
  return "\n".join([javascript.forms(used), *files])


def without_law(fits: Sequence[DomainLaws]) -> str:
  """Says, as HTML, why some domains are not in the panel."""
  return "".join(
    page.absent(
      f"{f.domain} is not in this panel: it has no law. {f.why['forgetting']}."
    )
    for f in fits
    if f.advisor is None
  )


def thinning(fits: Sequence[DomainLaws]) -> int:
  """Tells every how many-th draw is kept, so that all of them find room."""
  numbers = sum(
    fit.draws().shape[0] * (int(fit.problem.free.sum()) + 1)
    for domain in fits
    for fit in (*domain.answering, domain.target, domain.bottom)
    if fit is not None
  )
  return max(1, -(-numbers * 16 // 3 // ROOM))


def _domain(evidence: Evidence, fits: DomainLaws, every: int) -> dict:
  runs = evidence.measured
  runs = runs[runs["domain"].astype(str) == fits.domain]
  columns = [*AXES.values(), "forgetting"]
  color = evidence.domains.index(fits.domain) % len(style.DOMAINS)
  answering = fits.answering
  choices = fits.choices
  return {
    "name": fits.domain,
    "argument": shlex.quote(fits.domain),
    "color": color,
    "laws": [_answering(fits, fit, every) for fit in answering],
    "forms": [center(fit) for fit in fits.forms],
    "choice": {
      side_name(where): {
        "law": answering.index(choice.fit),
        "trial": choice.trial.as_dict(),
        "errors": choice.scores,
      }
      for where, choice in choices.items()
    },
    "target": fits.target and with_draws(fits.target, every),
    "bottom": fits.bottom and with_draws(fits.bottom, every),
    "measured": runs[columns].to_numpy(float).tolist(),
  }


def _answering(fits: DomainLaws, fit: laws.Fit, every: int) -> dict:
  """A law that answers: with its draws, its trials and its cautions."""
  test = fits.ratio if fit.law.name == "forgetting" else None
  off = off_by(len(fit.draws()))
  return with_draws(fit, every) | {
    "off": _text(off[::every]),
    "scale": 1 / fit.params["B"],
    "trials": {
      side_name(where): made.as_dict()
      for where, made in every_trial(fit).items()
    },
    "cautions": list(standing_cautions(fit, test)),
  }


def side_name(where: Sequence[tuple[str, int]]) -> str:
  """The name of a side of the data: N+D-, or "" for inside."""
  return "".join(f"{s}{'+' if sign > 0 else '-'}" for s, sign in where)


def center(fit: laws.Fit) -> dict:
  """Turns a fit into what the page's script takes for a law: its optimum.

  Args:
    fit: of a forgetting law, a target law or the law of the bottom.

  Returns:
    name, title, schedule (null for a law that counts no tokens), scales
    (symbol -> unit), ranges (symbol -> [least, greatest]), bases
    ([model params, base loss] by size) and point (parameter -> its value in
    the units of the fit), as JSON takes them.
  """
  return {
    "name": fit.law.name,
    "title": name_of(fit),
    "schedule": fit.schedule and fit.schedule.as_dict(),
    "scales": fit.scales,
    "ranges": {k: v for k, v in fit.ranges.items() if k in AXES},
    "bases": fit.bases,
    "point": {k: float(v[0]) for k, v in _parameters(fit, fit.x[None])},
  }


def with_draws(fit: laws.Fit, every: int) -> dict:
  """Adds to `center` the bootstrap draws, and the noise of a new run.

  Args:
    fit: a fit that has its draws.
    every: every how many-th draw is kept.

  Returns:
    as `center`, with count (of draws), draws (parameter -> float32 [count] in
    base64, or one number) and noise (log residuals, float32 [count]).
  """
  draws = fit.draws()
  noise = fit.residual_noise(np.random.default_rng(1), (len(draws), 1))
  kept = draws[::every]
  return center(fit) | {
    "count": len(kept),
    "draws": {k: _packed(v) for k, v in _parameters(fit, kept)},
    "noise": _text(noise[::every, 0]),
  }


def _parameters(fit: laws.Fit, x):
  """(name, [lanes]) of each parameter, in the units of the fit."""
  slots = slots_of(fit.law, fit.groups, fit.choices.shared)
  for i, slot in enumerate(slots):
    yield slot.parameter.name, slot.outside(x[:, i])


def _packed(values) -> float | str:
  """A number where all are the same, else their bytes."""
  if (values == values[0]).all():
    return float(values[0])
  return _text(values)


def _text(values) -> str:
  """Little-endian float32 in base64."""
  return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()
