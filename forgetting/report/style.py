"""How figures look: colours, markers, number formats, files.

A figure is drawn in the light colours. In the page its colours become CSS
variables, so that the same drawing serves light and dark.
"""

from collections.abc import Callable, Iterator, Sequence
import contextlib
import io
import math
import os
import pathlib
import re

from forgetting.config import InputError
from forgetting.storage import places

INK, GRID = "#1f2328", "#d3d9df"
INK_DARK, GRID_DARK = "#e6e8eb", "#3a4149"
# Okabe and Ito, then Tol: told apart with any colour vision.
DOMAINS = (
  "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9",
  "#882255", "#7a7a2c",
)  # fmt: skip
DOMAINS_DARK = (
  "#4ea8e0", "#ff8a3d", "#2bc99b", "#e59cc6", "#e6b93a", "#8fd0f5",
  "#d0708f", "#bdbd62",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
WIDTH = 10.0  # inches: the width of the page
FONT = "DejaVu Sans"  # comes with matplotlib: the same widths everywhere

WRITTEN = {  # without dates: the same figure is the same bytes
  "png": dict(
    metadata={"Software": None},
    facecolor="white",
    pil_kwargs={"compress_level": 3},  # a tenth more bytes in half the time
  ),
  "pdf": dict(
    metadata={"CreationDate": None, "Producer": None, "Creator": None},
    facecolor="white",
  ),
  "svg": dict(metadata={"Date": None}, transparent=True),
}

BASE = dict(color=INK, linewidth=0.9, linestyle=(0, (1, 2)))  # reference lines

RC = {
  "font.family": [FONT],
  "font.size": 9,
  "axes.titlesize": 9.5,
  "axes.titley": 1.0,  # nothing above a panel: no ticks to measure for it
  "axes.labelsize": 9,
  "axes.spines.top": False,
  "axes.spines.right": False,
  "axes.grid": True,
  "axes.axisbelow": True,
  "axes.edgecolor": INK,
  "axes.labelcolor": INK,
  "axes.titlecolor": INK,
  "axes.linewidth": 0.7,
  "xtick.color": INK,
  "ytick.color": INK,
  "text.color": INK,
  "grid.color": GRID,
  "grid.linewidth": 0.6,
  "legend.frameon": False,
  "legend.fontsize": 8.5,
  "legend.title_fontsize": 8.5,
  "lines.linewidth": 1.4,
  "lines.markersize": 5,
  "svg.fonttype": "none",
  "pdf.fonttype": 42,
}


def variables(dark: bool) -> str:
  """Writes the CSS variables that give the figures' colours."""
  ink, grid, domains = (
    (INK_DARK, GRID_DARK, DOMAINS_DARK) if dark else (INK, GRID, DOMAINS)
  )
  colors = [f"--domain{i}: {color};" for i, color in enumerate(domains)]
  return " ".join([f"--ink: {ink};", f"--grid: {grid};", *colors])


def color(domain: str, domains: Sequence[str]) -> str:
  """The colour of a domain, as figures have it: see `variable`."""
  return DOMAINS[list(domains).index(domain) % len(DOMAINS)]


def variable(domain: str, domains: Sequence[str]) -> str:
  """The colour of a domain, as the page's style sheet names it.

  Args:
    domain: one of them.
    domains: all, in the order that gives them their colours.
  """
  return f"var(--domain{list(domains).index(domain) % len(DOMAINS)})"


def marker(size: float, sizes: Sequence[float]) -> str:
  """matplotlib's marker of a model size, one of all `sizes` in order."""
  return MARKERS[list(sizes).index(size) % len(MARKERS)]


def shade(index: int, count: int) -> float:
  """The opacity of one of so many ordered levels, the last one full."""
  return 1.0 if count < 2 else 0.45 + 0.55 * index / (count - 1)


def injected(p: float, levels: Sequence[float], hue: str) -> dict:
  """The look of a line of one injection.

  Args:
    p: the injection; none is ink and dashed, more is more of the colour.
    levels: all injections, in order.
    hue: the domain's colour.

  Returns:
    options of matplotlib's `plot`.
  """
  if p == 0:
    return dict(color=INK, alpha=1.0, linestyle=(0, (4, 1.5)))
  positive = [level for level in levels if level > 0]
  alpha = shade(positive.index(p), len(positive))
  return dict(color=hue, alpha=alpha, linestyle="-")


def plain_counts(axis, values) -> None:
  """Makes a log axis through values, with ticks such as 20, 50k, 1M.

  Args:
    axis: matplotlib's x axis.
    values: those above 0 are on it.
  """
  positive = values[values > 0]
  axis.axes.set_xscale("log")
  low, high = positive.min(), positive.max()
  room = max((high / low) ** 0.05, 1.07)
  axis.axes.set_xlim(low / room, high * room)
  plain_numbers(axis)


def plain_numbers(axis) -> None:
  """Labels a log axis with 20, 50, 1k where it says 10^1.3."""
  from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

  low, high = axis.get_view_interval()
  subs = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
  axis.set_major_locator(LogLocator(subs=subs, numticks=20))
  axis.set_major_formatter(FuncFormatter(lambda x, _: count(x)))
  axis.set_minor_formatter(NullFormatter())


def count(number: float) -> str:
  """Writes a count as people do: 25.1k, 1.27B."""
  for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
    if number >= unit * 0.9995:
      return f"{number / unit:.3g}{letter}"
  return f"{number:g}"


def percent(fraction: float, digits: int = 3) -> str:
  """Writes a fraction in percent; an infinite one is that none suffices."""
  if not math.isfinite(fraction):
    return "none suffices"
  rounded = float(f"{100 * fraction:.{digits}g}")
  return f"{rounded:g} %"


def save(
  name: str, folder: pathlib.Path, draw: Callable, table, *, pdf: bool = True
) -> str:
  """Writes a table and the figure that is drawn from it.

  Args:
    name: of the files: .csv, .png, .svg and .pdf.
    folder: where they go.
    draw: (data frame) -> matplotlib Figure.
    table: the data frame that is all the figure shows; it is drawn as it is
      read back from its file.
    pdf: whether a PDF is written, which takes as long as all the rest.

  Returns:
    SVG for the page.
  """
  import matplotlib
  import pandas as pd

  file = folder / f"{name}.csv"
  places.write(file, table.to_csv(index=False).encode())
  table = pd.read_csv(
    file, keep_default_na=False, na_values=[""], dtype={"domain": str}
  )
  with matplotlib.rc_context({**RC, "svg.hashsalt": name}), _quiet():
    figure = _settled(draw(table))
    for ending in ("png", "pdf") if pdf else ("png",):
      places.write(folder / f"{name}.{ending}", _render(figure, ending))
    svg = _render(figure, "svg").decode()
  places.write(folder / f"{name}.svg", svg.encode())
  return _for_page(svg, name)


@contextlib.contextmanager
def folder_of_figures(folder: str | os.PathLike) -> Iterator[pathlib.Path]:
  """A folder that figures are written into; it is made.

  Args:
    folder: local, or gs://.

  Raises:
    InputError: it cannot be written.
  """
  folder = places.place(folder)
  try:
    places.make_folder(folder)
    yield folder
  except OSError as error:
    raise InputError(
      f"{folder}: the figures cannot be written ({error.strerror})"
    ) from error


def _settled(figure):
  """The figure with its layout computed once for all of its files."""
  engine = figure.get_layout_engine()
  if engine is not None:
    engine.execute(figure)  # without drawing it once more for nothing
  figure.set_layout_engine(None)  # "none" keeps one, for which it draws again
  return figure


@contextlib.contextmanager
def _quiet():
  """Font subsetting for the PDF logs at length."""
  import logging

  logger = logging.getLogger("fontTools")
  level = logger.level
  logger.setLevel(logging.ERROR)
  try:
    yield
  finally:
    logger.setLevel(level)


def _render(figure, ending: str) -> bytes:
  buffer = io.BytesIO()
  figure.savefig(buffer, format=ending, dpi=150, **WRITTEN[ending])
  return buffer.getvalue()


def _for_page(svg: str, name: str) -> str:
  """SVG to inline: ids of its own, colours and width from the page."""
  svg = svg[svg.index("<svg") :]
  svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
  svg = re.sub(r'(\bid=")', rf"\1{name}-", svg)
  svg = re.sub(r'((?:xlink:href="|url\()#)', rf"\1{name}-", svg)
  # hundredths of a point are enough, and half of the bytes
  svg = re.sub(
    r'\b(?:d|x|y)="[^"]*"',
    lambda part: re.sub(r"(\.\d\d)\d+", r"\1", part[0]),
    svg,
  )
  for i, value in enumerate(DOMAINS):
    svg = svg.replace(value, f"var(--domain{i})")
  svg = svg.replace(INK, "var(--ink)").replace(GRID, "var(--grid)")
  svg = svg.replace(f"'{FONT}'", f"system-ui, '{FONT}', sans-serif")
  return re.sub(
    r' width="([\d.]+)pt" height="[\d.]+pt"',
    lambda size: f' style="max-width: {float(size[1]) / 72 / WIDTH:.0%}"',
    svg,
    count=1,
  )
