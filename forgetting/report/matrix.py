"""`draw`: the figures of a forgetting matrix, each beside its table."""

import os

from forgetting import places
from forgetting.config import InputError
from forgetting.records import write_atomically
from forgetting.report import (
  figure_components,
  figure_matrix,
  matrix_tables,
  style,
)

COMPONENTS = 3  # drawn


def draw(matrix, structure, folder: str | os.PathLike) -> str:
  """Draws heat map, components and singular values as PNG, PDF and SVG.

  Args:
    matrix: a `forgetting.associations` ForgettingMatrix.
    structure: its Structure.
    folder: the files <name>.png, .pdf, .svg and .csv go into it.

  Returns:
    a line that says where they are.

  Raises:
    InputError: the folder cannot be written.
  """
  folder = places.place(folder)
  drawings = {
    "forgetting_matrix": (
      matrix_tables.heat_map(matrix),
      figure_matrix.heat_map,
    ),
    "forgetting_components": (
      matrix_tables.components(matrix, structure, count=COMPONENTS),
      figure_components.components,
    ),
    "forgetting_singular_values": (
      matrix_tables.singular_values(structure),
      figure_components.singular_values,
    ),
  }
  try:
    places.make_folder(folder)
    for name, (table, drawing) in drawings.items():
      svg = style.save(name, folder, drawing, table)
      write_atomically(folder / f"{name}.svg", _alone(svg).encode())
  except OSError as error:
    raise InputError(
      f"{folder}: the figures cannot be written ({error.strerror})"
    ) from error
  return f"figures: {folder}/ {', '.join(drawings)} (.png, .svg, .pdf, .csv)"


def _alone(svg: str) -> str:
  """An SVG file that brings the colours that a page would give it."""
  head, end, rest = svg.partition(">")
  rules = f":root {{ {style.variables(dark=False)} }}"
  return f"{head}{end}<style>{rules}</style>{rest}"
