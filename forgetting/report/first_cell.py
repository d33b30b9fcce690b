"""What is seen while a study goes on: its first cell, as soon as it is done."""

import os

from forgetting.config import InputError
from forgetting.report import figure_curves, style, tables
from forgetting.report.evidence import read
from forgetting.storage import places

NAME = "u_curves"  # the figure that the page draws anew once all is done


def show(study_directory: str | os.PathLike) -> str:
  """Draws the U-curves of the cell that is done.

  Args:
    study_directory: of a study that goes on.

  Returns:
    its forgetting by injection and where the figure is, in a line; why there
    is none, where it could not be drawn: the study is not to end for it.
  """
  folder = places.place(study_directory)
  try:
    evidence = read(folder)
    table = tables.u_curves(evidence)
    if table is None:
      return "first cell: done; its figure needs curves, which it has none of"
    places.make_folder(folder / "figures")

    def draw(table):
      return figure_curves.u_curves(table, domains=evidence.domains)

    style.save(NAME, folder / "figures", draw, table, pdf=False)
  except (InputError, OSError) as error:
    return f"first cell: done; no figure: {error}"
  runs = evidence.measured
  runs = runs[runs["run"].isin(table["run"])].sort_values("injection")
  told = ", ".join(
    f"{row.forgetting:.2f} at p = {row.injection:g}"
    for row in runs.itertuples()
  )
  first = runs.iloc[0]
  return (
    f"first cell: {first['domain']}, {style.count(first['model_params'])}"
    f" parameters, {style.count(first['target_tokens'])} target tokens: forgets"
    f" {told} (nats a token); see {folder / 'figures' / NAME}.png"
  )
