"""Which room imports what: the rules that hold the house up.

  config <- storage <- records <- {data, training, laws, associations}
    <- {report, cost, doctor, runs} <- study <- launch <- cli

An arrow points at what is imported. Nothing points back, and no file is in a
circle.
"""

import subprocess
import sys
import tomllib
import typing

import imports
import picture_of_rooms
import pytest

HERE = imports.read()


class Rule(typing.NamedTuple):
  """What the files of a room may import, beside each other and the standard
  library.

  Attributes:
    ours: rooms.
    others: third-party packages.
  """

  ours: str = ""
  others: str = ""


RULES = {
  "config": Rule(),
  "storage": Rule("config", "etils fsspec numpy pyarrow"),
  "records": Rule("config storage", "etils numpy pandas pyarrow tensorboard"),
  "data": Rule(
    "config storage records",
    "absl datasets etils huggingface_hub jinja2 numpy pyarrow rich"
    " sentencepiece seqio tensorflow"
    " tensorflow_datasets tokenizers unearth",
  ),
  "training": Rule(
    "config storage records", "etils flax jax jaxlib numpy optax orbax"
  ),
  "laws": Rule("config storage records", "numpy pandas"),
  "associations": Rule(
    "config storage records", "numpy pandas scipy sentence_transformers"
  ),
  "report": Rule(
    "config storage records laws associations", "matplotlib numpy pandas"
  ),
  "cost": Rule("config records training", "numpy"),
  "doctor": Rule("data", "packaging"),
  "runs": Rule("config storage records data training associations", "numpy"),
  "study": Rule(
    "config storage records data training cost runs",
    "rich tensorboard trackio wandb",
  ),
  "launch": Rule("config storage records data runs study"),
  "cli": Rule(
    "config storage records data laws associations report cost doctor runs"
    " study launch",
    "tyro",
  ),
  # beside the rooms: the package's own file, `python -m`, an example study
  "forgetting": Rule(),
  "__main__": Rule("cli"),
  "example": Rule(),
}
MOST_FLOORS = 10
# packages that a single file imports, so that nothing else waits for them
OPENED_IN = {
  "seqio": "forgetting.data.tensorflow",
  "tensorflow": "forgetting.data.tensorflow",
  "tensorflow_datasets": "forgetting.data.tensorflow",
}
TENSORFLOW = {"tensorflow", "tensorflow_text", "tensorflow_datasets", "seqio"}
JAX = {"jax", "jaxlib", "flax", "optax", "orbax"}
COLAB = ("config", "records", "laws", "associations", "report")


def test_every_room_has_a_rule():
  assert not {*HERE.rooms()} - {*RULES}, "a room without a rule"
  assert not {*RULES} - {*HERE.rooms()}, "a rule without a room"


@pytest.mark.parametrize("room", RULES)
def test_a_room_imports_what_its_rule_says(room):
  """No more, and no less: a rule that nothing needs is no rule."""
  found = {
    "ours": HERE.arrows().get(room, {}),
    "others": _by_package(room),
  }
  for kind, by in found.items():
    allowed = {*getattr(RULES[room], kind).split()}
    more = {name: files for name, files in by.items() if name not in allowed}
    assert not more, f"{room} may not import {more}"
    unused = allowed - {*by}
    assert not unused, f"{room} no longer imports {unused}: strike it out"


def _by_package(room: str) -> dict[str, list[str]]:
  found: dict[str, list[str]] = {}
  for module in HERE.modules_in(room):
    for package in HERE.others[module]:
      found.setdefault(package, []).append(module)
  return found


def test_no_circle_of_files():
  assert not imports.circles(HERE.ours)


def test_at_most_ten_floors():
  floors = imports.floors(HERE.arrows())
  assert max(floors.values()) <= MOST_FLOORS, floors


def test_the_picture_shows_the_rooms_of_today():
  again = "python tests/picture_of_rooms.py draws it again"
  assert picture_of_rooms.FILE.read_text() == picture_of_rooms.picture(), again


def test_jax_is_in_training_alone():
  rooms = {r for r in HERE.rooms() if JAX & {*_by_package(r)}}
  assert rooms == {"training"}


def test_where_types_are_checked_none_is_ignored():
  text = (imports.ROOT / "pyproject.toml").read_text()
  checked = tomllib.loads(text)["tool"]["mypy"]["packages"]
  assert len(checked) >= 4
  for module, file in HERE.files.items():
    if module.startswith(tuple(checked)):
      assert "type: ignore" not in file.read_text(), file


@pytest.mark.parametrize("package", OPENED_IN)
def test_one_file_opens(package):
  found = [m for m, others in HERE.others.items() if package in others]
  assert found == [OPENED_IN[package]]


@pytest.mark.parametrize("room", COLAB)
def test_what_runs_in_colab_reaches_neither(room):
  """Through no room that it imports, at whatever distance."""
  reached, new = set(), {room}
  while new:
    reached |= new
    new = {r for n in new for r in RULES[n].ours.split()} - reached
  packages = {p for r in reached for p in RULES[r].others.split()}
  assert not packages & (JAX | TENSORFLOW), reached


# what a bare import really loads, which says that the reading above is right


def loaded_by(statement: str) -> set[str]:
  code = f"import sys\n{statement}\nprint(*sys.modules)"
  done = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, text=True, check=True
  )
  return {name.split(".")[0] for name in done.stdout.split()}


ANALYSIS = ("laws", "report", "records", "config", "cli.main")
ASSOCIATIONS = ("associations.verbs", "associations.factorisation")


@pytest.mark.parametrize("room", [*ANALYSIS, *ASSOCIATIONS])
def test_analysis_imports_neither_tensorflow_nor_jax(room):
  assert not loaded_by(f"import forgetting.{room}") & (TENSORFLOW | JAX)


def test_the_command_alone_imports_no_numpy():
  """A verb says first how many threads it may use: `answers.one_thread`."""
  assert "numpy" not in loaded_by("import forgetting.cli.main")


def test_the_study_process_and_the_store_import_neither():
  loaded = loaded_by("import forgetting.study.study, forgetting.runs.run")
  assert not loaded & (TENSORFLOW | JAX)


def test_training_imports_no_tensorflow():
  modules = "loop, programs, checkpoint, compilation"
  loaded = loaded_by(f"from forgetting.training import {modules}")
  assert "jax" in loaded
  assert not loaded & TENSORFLOW


# the reader of imports, on a package made for it


@pytest.fixture
def house(tmp_path):
  """A package of two rooms, of which one lies elsewhere behind a symlink."""

  def write(name: str, text: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

  write("house/__init__.py", "")
  write("house/cellar/__init__.py", "")
  write("house/cellar/wine.py", "import os, numpy.linalg as la\n")
  write("outside/__init__.py", "")
  write(
    "outside/beds.py",
    "from house.cellar import wine\ndef late():\n"
    "  import scipy\n  from house.attic.desks import Desk\n",
  )
  write("outside/desks.py", "NAMES = {'beds': 'house.attic.beds'}\n")
  (tmp_path / "house" / "attic").symlink_to(tmp_path / "outside")
  return imports.read(tmp_path / "house", {})


def test_the_reader_sees_both_forms_in_functions_and_behind_symlinks(house):
  assert house.rooms() == ["attic", "cellar", "house"]
  assert house.ours["house.attic.beds"] == {
    "house.cellar.wine",
    "house.attic.desks",
  }
  assert house.others["house.attic.beds"] == {"scipy"}
  assert house.others["house.cellar.wine"] == {"numpy"}
  assert house.arrows()["attic"] == {"cellar": ["house.attic.beds"]}


def test_a_module_named_in_a_string_is_imported_and_closes_a_circle(house):
  assert imports.circles(house.ours) == [
    ["house.attic.beds", "house.attic.desks"]
  ]


def test_floors_are_counted_from_below(house):
  assert imports.floors(house.arrows()) == {"house": 1, "cellar": 1, "attic": 2}
  with pytest.raises(ValueError, match="circle of rooms: a -> b -> a"):
    imports.floors({"a": {"b": []}, "b": {"a": []}})
