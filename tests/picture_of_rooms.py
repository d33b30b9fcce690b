"""Draws docs/rooms.svg, the picture of the rooms, from what imports what.

  python tests/picture_of_rooms.py

Rooms stand on the floor that their imports put them on, each under those that
import it. An arrow is left out where a longer way says the same.
"""

import ast
from collections.abc import Mapping, Sequence
import html
import itertools
import textwrap

import imports

FILE = imports.ROOT / "docs" / "rooms.svg"
BESIDE = ("forgetting", "__main__", "example")  # no rooms
HEAVY = {"jax": "the only JAX", "tensorflow": "the only TensorFlow"}
# boxes are opaque and arrows grey, so that both show on white and on black
LIGHT, DEEP, INK, PALE = "#dbe9f6", "#f8e3c5", "#1f2933", "#52606d"
LINE = "#8a94a0"
BOX, TALL, GAP, RISE, EDGE = 204, 72, 18, 108, 14

Graph = Mapping[str, set[str]]
Spot = tuple[float, float]


def picture(read: imports.Imports | None = None) -> str:
  """The SVG, the same for the same imports.

  Args:
    read: the imports, by default those of this checkout.
  """
  read = read or imports.read()
  whole = {
    room: {*targets} - {*BESIDE}
    for room, targets in read.arrows().items()
    if room not in BESIDE
  }
  floors = imports.floors({room: dict.fromkeys(t) for room, t in whole.items()})
  arrows = needed(whole)
  ways = {
    (room, target): way(room, target, floors)
    for room in sorted(arrows)
    for target in sorted(arrows[room])
  }
  order = ordered(floors, ways)
  width = max(_width(floor) for floor in order) + 2 * EDGE
  spots = _spots(order, width)
  parts = [_arrow([spots[node] for node in w]) for w in ways.values()]
  for room in sorted(whole):
    parts.append(_room(room, spots[room], _facts(room, read, whole)))
  height = len(order) * RISE + EDGE
  parts.append(_legend(height))
  return _page("\n".join(parts), width, height + 30)


def reached(room: str, arrows: Graph) -> set[str]:
  """All rooms that a room imports, and what those import."""
  below = {room}
  for target in arrows[room]:
    below |= reached(target, arrows)
  return below


def needed(arrows: Graph) -> dict[str, set[str]]:
  """The arrows that no longer way replaces."""
  return {
    room: {
      target
      for target in targets
      if not any(target in reached(t, arrows) for t in targets - {target})
    }
    for room, targets in arrows.items()
  }


def way(room: str, target: str, floors: Mapping[str, int]) -> tuple[str, ...]:
  """An arrow's stops, one a floor: the rooms, and names of gaps between."""
  between = range(floors[room] - 1, floors[target], -1)
  return (room, *(f"{room}>{target}@{floor}" for floor in between), target)


def ordered(floors, ways) -> list[list[str]]:
  """The nodes of each floor, from left to right, with few arrows crossing.

  Floors are swept up and down, each sorted by where its neighbours stand; the
  order with the fewest crossings stays.

  Args:
    floors: {room: its floor}.
    ways: {arrow: its stops}.

  Returns:
    A list a floor, the lowest first.
  """
  rows: list[list[str]] = [[] for _ in range(max(floors.values()))]
  for room, floor in sorted(floors.items()):
    rows[floor - 1].append(room)
  pairs = set()
  for stops in ways.values():
    for gap, floor in zip(
      stops[1:-1], range(floors[stops[0]] - 1, 0, -1), strict=False
    ):
      rows[floor - 1].append(gap)
    pairs |= {*itertools.pairwise(stops)}
  return min(_swept(rows, pairs), key=lambda rows: crossings(rows, pairs))


def _swept(rows, pairs):
  """Orders to choose from, the first as it came."""
  beside = {node: [] for row in rows for node in row}
  for a, b in sorted(pairs):
    beside[a].append(b)
    beside[b].append(a)
  yield rows
  for sweep in range(40):
    rows = [[*row] for row in rows]
    upwards = 1 if sweep % 2 == 0 else -1
    for fixed, row in itertools.pairwise(rows[::upwards]):
      _settle(row, fixed, beside)
    yield rows


def _settle(row, fixed, beside) -> None:
  """Sorts a row by the mean place of each node's neighbours in another row."""
  at = {node: (k + 0.5) / len(fixed) for k, node in enumerate(fixed)}
  own = {node: (k + 0.5) / len(row) for k, node in enumerate(row)}

  def mean(node: str) -> float:
    near = [at[other] for other in beside[node] if other in at]
    return sum(near) / len(near) if near else own[node]

  row.sort(key=mean)


def crossings(rows: Sequence[Sequence[str]], pairs) -> int:
  """How many arrows cross between two floors, over all of them."""
  at = {
    node: (f, k) for f, row in enumerate(rows) for k, node in enumerate(row)
  }
  found = 0
  for (a, b), (c, d) in itertools.combinations(sorted(pairs), 2):
    if at[a][0] == at[c][0]:
      found += (at[a][1] - at[c][1]) * (at[b][1] - at[d][1]) < 0
  return found


def _span(node: str) -> int:
  return GAP if ">" in node else BOX


def _width(row: Sequence[str]) -> int:
  return sum(map(_span, row)) + GAP * (len(row) - 1)


def _spots(order: Sequence[Sequence[str]], width: int) -> dict[str, Spot]:
  """Where the middle of each node is."""
  found = {}
  for floor, row in enumerate(order):
    left = (width - _width(row)) / 2
    y = EDGE + TALL / 2 + (len(order) - 1 - floor) * RISE
    for node in row:
      found[node] = (left + _span(node) / 2, y)
      left += _span(node) + GAP
  return found


def _arrow(stops: Sequence[Spot]) -> str:
  """A curve down through the stops, straight where it passes a floor."""
  (x, y), half = stops[0], TALL / 2
  path = f"M{x:g} {y + half:g}"
  y += half
  for i, (to_x, to_y) in enumerate(stops[1:], 2):
    top = to_y - half - (5 if i == len(stops) else 0)
    middle = (y + top) / 2
    path += f" C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {top:g}"
    x, y = to_x, to_y + half
    if i < len(stops):
      path += f" L{x:g} {y:g}"
  return (
    f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.6"'
    ' marker-end="url(#head)"/>'
  )


def _facts(room: str, read: imports.Imports, arrows: Graph):
  """(what the room says that it is, the heavy package that it opens, fill)."""
  package = read.files[f"forgetting.{room}"]
  words = ast.get_docstring(ast.parse(package.read_text())) or ""
  words = words.splitlines()[0].partition(":")[0].strip(".").replace("`", "")
  opens = {p for m in read.modules_in(room) for p in read.others[m]}
  heavy = [text for name, text in HEAVY.items() if name in opens]
  below = {
    p
    for r in reached(room, arrows)
    for m in read.modules_in(r)
    for p in read.others[m]
  }
  return words, heavy, DEEP if below & {*HEAVY} else LIGHT


def _room(room: str, spot: Spot, facts) -> str:
  words, heavy, fill = facts
  x, y = spot[0] - BOX / 2, spot[1] - TALL / 2
  lines = [
    f'<rect x="{x:g}" y="{y:g}" width="{BOX}" height="{TALL}" rx="7"'
    f' fill="{fill}" stroke="{LINE}"/>',
    f'<text x="{x + 11:g}" y="{y + 20:g}" class="room">{room}</text>',
  ]
  lines += [
    f'<text x="{x + BOX - 10:g}" y="{y + 19:g}" class="heavy">{text}</text>'
    for text in heavy
  ]
  lines += [
    f'<text x="{x + 11:g}" y="{y + 36 + 14 * i:g}">{html.escape(line)}</text>'
    for i, line in enumerate(textwrap.wrap(words, 31)[:3])
  ]
  return "\n".join(lines)


def _legend(y: float) -> str:
  parts, x = [], EDGE
  for fill, words in (
    (LIGHT, "works without JAX and TensorFlow"),
    (DEEP, "reaches one of them"),
  ):
    parts += [
      f'<rect x="{x}" y="{y:g}" width="245" height="22" rx="5" fill="{fill}"/>',
      f'<text x="{x + 10}" y="{y + 15:g}">{words}</text>',
    ]
    x += 255
  return "\n".join(parts)


def _page(body: str, width: float, height: float) -> str:
  return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"
  width="{width:g}" height="{height:g}" role="img"
  aria-label="The rooms of forgetting; an arrow points at what is imported">
<style>
text {{ font: 11px system-ui, sans-serif; fill: {PALE}; }}
.room {{ font-size: 15px; font-weight: 600; fill: {INK}; }}
.heavy {{ text-anchor: end; fill: {INK}; }}
</style>
<marker id="head" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7"
  markerHeight="7" orient="auto">
<path d="M0 0L8 4L0 8z" fill="{LINE}"/>
</marker>
{body}
</svg>
"""


if __name__ == "__main__":
  FILE.write_text(picture())
  print(FILE)
