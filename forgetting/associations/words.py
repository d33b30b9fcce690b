"""What `forgetting associate` prints, part by part."""

from __future__ import annotations

import math

from forgetting.associations import (
  contest,
  noise,
  readings,
  structure,
)
from forgetting.associations.matrix import ForgettingMatrix
from forgetting.records import text_table

MEASURES = {  # metric -> head of its column
  "rmse_x100": "RMSE x 100",
  "rmse_x100_unmeasured": "unmeasured",
  "rmse_x100_without_worst": "no worst task",
  "spearman": "Spearman",
  "precision_at_10": "P@10 %",
  "mass_at_5": "mass@5 %",
  "f1": "F1",
  "auc": "AUC",
}

NAMED = 5  # tasks at most, in a line
OF_COMPONENT = 3  # texts at either end
PAIRS = 10  # of parents at most


def headline(matrix: ForgettingMatrix) -> str:
  """One line: how large the matrix is and how much is forgotten.

  Args:
    matrix: Z.
  """
  seen = matrix.values[matrix.measured]
  above, missing = (seen > 0).mean(), 1 - matrix.measured.mean()
  return (
    f"{matrix.shape[0]} tasks x {matrix.shape[1]} examples, mean forgetting"
    f" {seen.mean():.4f}, deviation {seen.std():.4f}, {100 * above:.1f} %"
    f" above 0, {100 * missing:.2g} % not measured"
  )


def structure_lines(found: structure.Structure) -> list[str]:
  """R2 of every description, a line each.

  Args:
    found: of `structure.analyse`.
  """
  rows = [("description", "R2", "R2, task held out")]
  rows += [
    (model.name, _number(model.r2, 4), _number(model.r2_held_out, 4))
    for model in found.models.values()
    if model.name != "multiplicative"  # that is rank 1
  ]
  return text_table.lines(rows)


def contest_lines(held: contest.Contest | None) -> list[str]:
  """Which of multiplicative and additive misses less, where that is known.

  Args:
    held: of `contest.hold`.
  """
  if held is None:
    return []
  low, high = held.interval
  return [
    "multiplicative against additive, each task held out: its error is"
    f" {held.ratio:.3f} [{low:.3f}, {high:.3f}] of the other's, less in"
    f" {held.better} of {held.tasks} tasks; Wilcoxon p {held.p_value:.2g}"
  ]


def component_lines(parts) -> list[str]:
  """The leading components by their tasks, examples and sources.

  Args:
    parts: of `components.leading`.
  """
  lines = []
  for part in parts:
    tasks = ", ".join(f"{name} {u:+.2f}" for name, u in part.tasks)
    lines.append(f"component {part.rank}: tasks {tasks}")
    examples = ", ".join(f"{name} {v:+.2f}" for name, v in part.examples)
    lines.append(f"  examples {examples}")
    if part.sources:
      shares = ", ".join(
        f"{s.source} {100 * s.among:.0f} % (of all {100 * s.overall:.0f} %,"
        f" p {s.p_value:.1g})"
        for s in part.sources[:4]
      )
      lines.append(f"  sources of its {part.looked} largest: {shares}")
  return lines


def own_pattern_lines(found) -> list[str]:
  """Which examples and tasks have a pattern of their own.

  Args:
    found: of `own_patterns.find`, one or more.
  """
  lines = [
    "what task and example means leave, by its components: which tasks forget"
    " which examples more than both say, by sources of the examples at either"
    " end, p after Holm"
  ]
  for one in found:
    lines.append(
      f"own pattern {one.rank}: {100 * one.share:.0f} % of what is left,"
      f" {100 * one.share_of_all:.1f} % of the variance"
    )
    lines += [
      _end(sign, tasks, sources)
      for sign, tasks, sources in (
        ("+", one.raising, one.most),
        ("-", one.lowering, one.least),
      )
    ]
  return lines


def _end(sign: str, tasks, sources) -> str:
  """Which tasks forget more of what, at one end of a pattern."""
  named = ", ".join(f"{name} {u:+.2f}" for name, u in tasks)
  told = ", ".join(
    f"{s.source} {100 * s.among:.0f} % (of all {100 * s.overall:.0f} %,"
    f" p {s.p_value:.1g})"
    for s in sources[:2]
  )
  return f"  {sign} {named}" + (f" forget more of {told}" if told else "")


def parent_lines(pairs) -> list[str]:
  """Whether the pattern stays from one parent to another, a line a pair.

  Args:
    pairs: of `parents.compare`, one or more.
  """
  head = ("parents", "tasks", "forgetting", "pattern", "within sources")
  rows = [(*head, "same task", "other tasks")]
  for pair in pairs[:PAIRS]:
    intervals = (pair.pattern, pair.within, pair.same, pair.others)
    rows.append(
      (
        f"{pair.one} | {pair.other}",
        str(pair.tasks),
        " | ".join(f"{mean:.3f}" for mean in pair.means),
        *(f"{i.value:.2f} [{i.low:.2f}, {i.high:.2f}]" for i in intervals),
      )
    )
  lines = [
    "does the pattern stay? correlations over examples from one parent to"
    " another, of the tasks that both have: of example means; of a task's row"
    " with the same task's, with other tasks'; 95 % by resampled tasks"
  ]
  more = len(pairs) - PAIRS
  return [*lines, *text_table.lines(rows)] + (
    [f"and {more} more pairs (--json has them)"] if more > 0 else []
  )


def similarity_lines(alike) -> list[str]:
  """What forgetting correlates with, a line each, with intervals.

  Args:
    alike: name -> `similarity.Correlation`.
  """

  def cell(value, interval):
    low, high = interval
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"

  rows = [("forgetting with", "Pearson", "Spearman")]
  rows += [
    (
      name,
      cell(found.pearson, found.pearson_interval),
      cell(found.spearman, found.spearman_interval),
    )
    for name, found in alike.items()
  ]
  return text_table.lines(rows)


def reading_lines(read) -> list[str]:
  """The texts at both ends over all tasks, and of each component the first.

  Args:
    read: of `readings.read`; those of single tasks are for JSON and the page.
  """
  lines = []
  for ends in read[: 1 + readings.COMPONENTS]:
    shown = readings.COUNT if ends is read[0] else OF_COMPONENT
    for side, found in (("most", ends.most), ("least", ends.least)):
      lines += ["", f"{side} forgotten, {ends.name}"]
      lines += [f"  {_reading(one)}" for one in found[:shown]]
  return lines


def _reading(one: readings.Reading) -> str:
  losses = ""
  if not math.isnan(one.before):
    losses = f" ({one.before:.2f} to {one.after:.2f})"
  source = f" {one.source}:" if one.source else ""
  return f"{one.forgetting:+.3f}{losses}{source} {one.text}"


def noise_line(own: noise.Noise | None) -> str:
  """One line: how much of the matrix is the luck of the seed.

  Args:
    own: of `noise.measure`.
  """
  if own is None:
    return "own noise: not known, no task was trained with two seeds"
  return (
    f"own noise: {own.tasks} tasks with several seeds; the seed's luck is"
    f" {100 * own.share:.1f} % of the variance, rows of one task correlate"
    f" {own.correlation:.3f}"
  )


def forecasters_line(encoder: str, *, logits: bool) -> str:
  """What the rows of the language models in the table below mean.

  Args:
    encoder: whose states they read.
    logits: whether some read what fine-tunings did to logits.
  """
  beside = (
    " lm_logit*: and from what its fine-tuning did to that text's logits;"
    if logits
    else ""
  )
  return (
    f"lm_*: a new task forecast from its text alone, by {encoder};"
    f"{beside} _cells: with the measured cells as a calibration; _kriging: as"
    " the prior mean of the kriging"
  )


def trial_lines(trial, rows, known, seeds, choose) -> list[str]:
  """How well new tasks are predicted, by method and by rule of choice.

  Args:
    trial: of `protocol.run`.
    rows: that it was given.
    known, seeds, choose: that it was given.
  """
  measures = [m for m in MEASURES if m in trial.prediction[trial.default]]
  plural = "s" if seeds > 1 else ""
  lines = [
    f"{len(rows.test)} new tasks from {len(rows.train)} trained ones, {known}"
    f" examples measured ({choose}), {seeds} seed{plural}; deviations over"
    " seeds",
    *_score_table("method", trial.prediction, measures),
    f"default: {trial.default}{_coverage(trial.coverage)}",
    *_far_lines(trial.far),
    "",
    f"choice of the examples, {trial.default}; unchosen: columns that no"
    " rule measures",
  ]
  measures = ["rmse_x100", "rmse_x100_unchosen", "spearman"]
  lines += _score_table("rule", trial.choices, measures)
  if _surely_above_random(trial.choices["greedy"], seeds):
    lines.append("greedy choice is worse than random where neither measures")
  lines.append(
    f"mixed: the {trial.top} largest variances over the trained tasks, the"
    " rest at random"
  )
  return lines


def _coverage(share: float) -> str:
  if math.isnan(share):
    return ""
  return f"; {100 * share:.0f} % of cells lie within its 90 % interval"


def _far_lines(tasks) -> list[str]:
  """Which new tasks are far from home, if any is."""
  if not tasks:
    return []
  shown = ", ".join(tasks[:NAMED]) + (", ..." if len(tasks) > NAMED else "")
  return [
    f"far from all that was trained, {len(tasks)} of the new tasks: {shown};"
    " what is measured of them surprises more than any trained task whose"
    " family was left out: trust these predictions less, measure more of them"
  ]


def _surely_above_random(scores, seeds: int) -> bool:
  """Whether a rule's error exceeds chance's by two standard errors."""
  above = scores["unchosen_above_random"]
  error = scores["unchosen_above_random_sd"] / seeds**0.5
  return seeds > 1 and above > 2 * error


def _score_table(head: str, scores, measures) -> list[str]:
  heads = [MEASURES.get(m, m.removeprefix("rmse_x100_")) for m in measures]
  rows = [(head, *heads)]
  for name, found in scores.items():
    cells = [
      f"{found[m]:.3f} ±{found[m + '_sd']:.3f}" if m in found else ""
      for m in measures
    ]
    rows.append((name, *cells))
  return text_table.lines(rows)


def _number(value: float, digits: int) -> str:
  return "" if math.isnan(value) else f"{value:.{digits}f}"
