"""Who imports whom in `forgetting`, read from the source without running it."""

import ast
from collections.abc import Iterator, Mapping
import dataclasses
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
# folders that lie elsewhere in the checkout and ship inside the package
ELSEWHERE = {
  "forgetting.launch.files": ROOT / "launch",
  "forgetting.example": ROOT / "colabs" / "example",
}


@dataclasses.dataclass(frozen=True)
class Imports:
  """What each module of the package imports, anywhere in its file.

  Attributes:
    files: module name -> its file.
    ours: module -> the package's own modules that it imports, or names in a
      string that is a module's whole name, which is how engines are found.
    others: module -> top-level names of third-party packages; the standard
      library is left out.
  """

  files: Mapping[str, pathlib.Path]
  ours: Mapping[str, frozenset[str]]
  others: Mapping[str, frozenset[str]]

  def rooms(self) -> list[str]:
    return sorted({room_of(module) for module in self.files})

  def modules_in(self, room: str) -> list[str]:
    return sorted(m for m in self.files if room_of(m) == room)

  def has(self, name: str) -> bool:
    """Whether a dotted name is a module, or something that a module defines."""
    module, inside = name, []
    while module not in self.files:
      module, _, last = module.rpartition(".")
      inside.insert(0, last)
      if not module:
        return False
    body = ast.parse(self.files[module].read_text()).body
    for part in inside:
      found = [node for node in body if part in _defined(node)]
      if not found:
        return False
      body = getattr(found[0], "body", [])
    return True

  def arrows(self) -> dict[str, dict[str, list[str]]]:
    """room -> room that it imports -> the modules that do so, sorted."""
    found: dict[str, dict[str, list[str]]] = {r: {} for r in self.rooms()}
    for module in sorted(self.files):
      room = room_of(module)
      for target in {room_of(m) for m in self.ours[module]} - {room}:
        found[room].setdefault(target, []).append(module)
    return found


def room_of(module: str) -> str:
  """`data` of forgetting.data.store; of the package's own file, its name."""
  package, *inside = module.split(".")
  return inside[0] if inside else package


def read(package: pathlib.Path = ROOT / "forgetting", elsewhere=ELSEWHERE):
  """Reads every Python file of a package, symlinked folders included.

  Args:
    package: the folder; its name is the package's.
    elsewhere: {subpackage: folder} for what ships inside but lies outside.

  Returns:
    Its Imports.
  """
  files = dict(_files(package, package.name))
  for name, folder in elsewhere.items():
    files |= dict(_files(folder, name))
  ours, others = {}, {}
  for module, file in files.items():
    names, strings = _names(file)
    own = {n for n in names if n.split(".")[0] == package.name}
    found = {_module(name, files) for name in own}
    found |= {s for s in strings if s in files and _is_leaf(files[s])}
    ours[module] = frozenset(found - {module})
    tops = {name.split(".")[0] for name in names - own}
    others[module] = frozenset(tops - sys.stdlib_module_names)
  return Imports(files, ours, others)


def _files(
  folder: pathlib.Path, name: str
) -> Iterator[tuple[str, pathlib.Path]]:
  """(module, file) below a folder; os.walk goes into symlinks, rglob not."""
  for at, _, names in os.walk(folder, followlinks=True):
    inside = pathlib.Path(at).relative_to(folder).parts
    for file in names:
      stem, suffix = os.path.splitext(file)
      if suffix == ".py":
        last = () if stem == "__init__" else (stem,)
        yield ".".join((name, *inside, *last)), pathlib.Path(at) / file


def _is_leaf(file: pathlib.Path) -> bool:
  """Whether a file is a module: a string that names a folder names its data."""
  return file.name != "__init__.py"


def _names(file: pathlib.Path) -> tuple[set[str], set[str]]:
  """Dotted names that a file imports, and all its strings.

  Raises:
    ValueError: it imports relative to itself, which no file here does.
  """
  names, strings = set(), set()
  for node in ast.walk(ast.parse(file.read_text())):
    if isinstance(node, ast.Import):
      names |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
      if node.level:
        raise ValueError(f"{file}:{node.lineno}: expected an absolute import")
      names |= {f"{node.module}.{alias.name}" for alias in node.names}
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
      strings.add(node.value)
  return names, strings


def _defined(node: ast.stmt) -> set[str]:
  """The names that a statement binds."""
  if isinstance(node, ast.ClassDef | ast.FunctionDef):
    return {node.name}
  if isinstance(node, ast.Import | ast.ImportFrom):
    return {alias.asname or alias.name for alias in node.names}
  if isinstance(node, ast.Assign):
    return {t.id for t in node.targets if isinstance(t, ast.Name)}
  if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
    return {node.target.id}
  return set()


def _module(name: str, files: Mapping[str, pathlib.Path]) -> str:
  """The module in which an imported name lies.

  Raises:
    ValueError: no part of the name is a module.
  """
  while name not in files:
    name, _, rest = name.rpartition(".")
    if not rest:
      raise ValueError(f"found no module of {rest or name!r}")
  return name


def circles(graph: Mapping[str, frozenset[str]]) -> list[list[str]]:
  """Groups of nodes that reach each other (Tarjan's algorithm).

  Args:
    graph: node -> the nodes that it points to.

  Returns:
    Each group of two and more, sorted.
  """
  index: dict[str, int] = {}
  low: dict[str, int] = {}
  stack: list[str] = []
  found: list[list[str]] = []

  def visit(node: str) -> None:
    index[node] = low[node] = len(index)
    stack.append(node)
    for target in sorted(graph[node]):
      if target not in index:
        visit(target)
        low[node] = min(low[node], low[target])
      elif target in stack:
        low[node] = min(low[node], index[target])
    if low[node] == index[node]:
      group = stack[stack.index(node) :]
      del stack[stack.index(node) :]
      if len(group) > 1:
        found.append(sorted(group))

  for node in sorted(graph):
    if node not in index:
      visit(node)
  return found


def floors(arrows: Mapping[str, Mapping[str, object]]) -> dict[str, int]:
  """room -> how many rooms lie below it at most, itself counted: 1 and up.

  Raises:
    ValueError: rooms import each other in a circle.
  """
  found: dict[str, int] = {}

  def visit(room: str, above: tuple[str, ...]) -> int:
    if room in above:
      raise ValueError(f"a circle of rooms: {' -> '.join((*above, room))}")
    if room not in found:
      below = [visit(target, (*above, room)) for target in arrows[room]]
      found[room] = 1 + max(below, default=0)
    return found[room]

  for room in arrows:
    visit(room, ())
  return found
