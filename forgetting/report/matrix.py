"""The figures of a forgetting matrix, each beside its table."""

from collections.abc import Callable
from html import escape
import os
import pathlib

from forgetting.associations import (
  components,
  own_patterns,
  parents,
  readings,
  structure,
  words,
)
from forgetting.associations.load import load
from forgetting.config import InputError
from forgetting.report import (
  figure_components,
  figure_matrix,
  figure_own_patterns,
  matrix_tables,
  matrix_texts,
  page,
  style,
)
from forgetting.report.markup import number, table

TITLE = "The forgetting matrix"
COMPONENTS = 3  # drawn
MODELS = {
  "task_only": "the mean of each task",
  "example_only": "the mean of each example",
  "additive": "both means, added",
}
UNTOLD = ("multiplicative", "outer_means")  # the first is one term
CAPTIONS = {
  "forgetting_matrix": (
    "Each row a task, a fine-tuning; each column {column}: red "
    "is forgotten, blue is learnt. Rows are in the order of their domains and "
    "of their mean, at the right; columns in the order of their sources and of "
    "their mean, above."
  ),
  "forgetting_components": (
    "The matrix is nearly a sum of few such terms, a weight of each task times "
    "a weight of each example; the first three, on one scale."
  ),
  "forgetting_singular_values": (
    "Bars: how much each term weighs. Line: what share of the variance so many "
    "terms explain."
  ),
  "forgetting_own_patterns": (
    "Examples with a pattern of their own: components of what the means of "
    "tasks and of examples leave. Above each panel the tasks at its two ends; "
    "bars: which sources the examples are from that those tasks forget more "
    "than both means say. A star: the share differs from that of all other "
    "examples (two-proportion z-test, p < .01 after Holm)."
  ),
}


def draw(matrix, found, folder: str | os.PathLike) -> str:
  """Draws heat map, components and singular values as PNG, PDF and SVG.

  Args:
    matrix: a `forgetting.associations` ForgettingMatrix.
    found: its Structure.
    folder: the files <name>.png, .pdf, .svg and .csv go into it.

  Returns:
    a line that says where they are.

  Raises:
    InputError: the folder cannot be written.
  """
  with style.folder_of_figures(folder) as folder:
    drawings = _drawings(matrix, found, folder)
  return f"figures: {folder}/ {', '.join(drawings)} (.png, .svg, .pdf, .csv)"


def _drawings(
  matrix, found, folder: pathlib.Path, *, pdf: bool = True
) -> dict[str, str]:
  """Figure name -> SVG for a page."""
  wanted = {
    "forgetting_matrix": (
      matrix_tables.heat_map(matrix),
      figure_matrix.heat_map,
    ),
    "forgetting_components": (
      matrix_tables.components(matrix, found, count=COMPONENTS),
      figure_components.components,
    ),
    "forgetting_singular_values": (
      matrix_tables.singular_values(found),
      figure_components.singular_values,
    ),
  }
  left_over = matrix_tables.own_patterns(own_patterns.find(matrix))
  if len(left_over):  # there are sources to tell of
    wanted["forgetting_own_patterns"] = (
      left_over,
      figure_own_patterns.own_patterns,
    )
  return {
    name: style.save(name, folder, drawing, table_, pdf=pdf)
    for name, (table_, drawing) in wanted.items()
  }


def section(
  study: pathlib.Path | None,
  folder: pathlib.Path,
  *,
  with_texts: Callable = lambda matrix, study: matrix,
  pdf: bool = False,
) -> page.Section:
  """Makes the section on a study's matrix, and draws its figures.

  Args:
    study: its folder; None for a table, which has no losses of examples.
    folder: the figures go into it.
    with_texts, pdf: as of `report.write`.

  Returns:
    the matrix and what it is made of, or why there is none.
  """

  def absent(why: str) -> page.Section:
    return page.Section("matrix", TITLE, "", missing=why)

  if study is None:
    return absent(
      "A table of runs has no losses of single examples: the matrix needs the "
      "run directories of a study."
    )
  try:
    matrix = load(study)
  except InputError as error:
    return absent(f"No matrix yet: {error}.")
  if min(matrix.shape) < 2:
    return absent(
      f"The matrix has {matrix.shape[0]} tasks and {matrix.shape[1]} examples: "
      "two of each are the least that has a structure."
    )
  found = structure.analyse(matrix)
  svgs = _drawings(matrix, found, folder, pdf=pdf)
  column = _column(matrix_tables.grouped(matrix))
  drawn = {
    name: page.figure(name, svg, CAPTIONS[name].format(column=column), pdf=pdf)
    for name, svg in svgs.items()
  }
  body = (
    f"<p>{escape(words.headline(matrix))} (nats per token).</p>"
    f"{drawn['forgetting_matrix']}"
    f"{_models(found)}"
    f"{drawn['forgetting_components']}"
    f"{_sources(components.leading(matrix, found, count=COMPONENTS))}"
    f"{drawn['forgetting_singular_values']}"
    f"{drawn.get('forgetting_own_patterns', '')}"
    f"{_parents(parents.compare(matrix))}"
    f"{matrix_texts.section(readings.read(with_texts(matrix, study), found))}"
  )
  return page.Section("matrix", TITLE, body)


def _column(grouped: int) -> str:
  """What a column of the heat map is."""
  if grouped == 1:
    return "a pretraining example"
  return (
    f"the mean of up to {grouped} neighbouring pretraining examples of one "
    "source"
  )


def _told(model: str) -> str:
  """A model's name in words, as HTML."""
  kind, _, rank = model.rpartition("rank_")
  if rank.isdigit():
    terms = "1 term" if rank == "1" else f"{rank} terms"
    return f"both means, and {terms}" if kind else terms
  return escape(MODELS.get(model, model))


def _models(found: structure.Structure) -> str:
  rows = [
    [_told(model.name), number(model.r2), number(model.r2_held_out)]
    for model in found.models.values()
    if model.name not in UNTOLD
  ]
  header = ["Description of the matrix", "R²", "R², task held out"]
  return table(header, rows)


def _parents(pairs) -> str:
  """Whether the pattern stays from one parent to another."""
  if not pairs:
    return ""

  def cell(interval: parents.Interval) -> str:
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"

  rows = [
    [
      escape(f"{pair.one} | {pair.other}"),
      str(pair.tasks),
      " | ".join(number(mean) for mean in pair.means),
      *map(cell, (pair.pattern, pair.within, pair.same, pair.others)),
    ]
    for pair in pairs[: words.PAIRS]
  ]
  header = [
    "Parents",
    "Tasks",
    "Mean forgetting",
    "Example means",
    "within sources",
    "Same task",
    "Other tasks",
  ]
  return (
    "<p>Does the pattern stay? Correlations over examples from one parent to "
    "another, of the tasks that both have: of example means, of a task's row "
    "with the same task's and with those of other tasks; 95 % intervals by "
    f"resampled tasks.</p>{table(header, rows)}"
  )


def _sources(parts) -> str:
  """Which tasks and which texts each component is about."""
  rows = [
    [
      str(part.rank),
      "<br>".join(f"{escape(name)} {u:+.2f}" for name, u in part.tasks[:3]),
      "<br>".join(
        f"{escape(s.source)} {100 * s.among:.0f} % "
        f"(of all {100 * s.overall:.0f} %)"
        for s in part.sources[:3]
      ),
    ]
    for part in parts
  ]
  header = [
    "Component",
    "Tasks that weigh most",
    f"Sources of its {components.EXAMPLES} heaviest examples",
  ]
  return table(header, rows, text=(0, 1, 2))
