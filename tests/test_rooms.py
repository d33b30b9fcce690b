"""Which room imports what: the lines that keep analysis light."""

import ast
import pathlib
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path(__file__).parents[1] / "forgetting"
HEAVY = ("tensorflow", "seqio", "tensorflow_text", "jax", "flax", "orbax")


def loaded_by(statement: str) -> set[str]:
  code = f"import sys\n{statement}\nprint(*sys.modules)"
  done = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, text=True, check=True
  )
  return {name.split(".")[0] for name in done.stdout.split()}


ANALYSIS = ("laws", "report", "records", "config", "cli")
ASSOCIATIONS = ("associations.verbs", "associations.factorisation")


@pytest.mark.parametrize("room", [*ANALYSIS, *ASSOCIATIONS])
def test_analysis_imports_neither_tensorflow_nor_jax(room):
  assert not loaded_by(f"import forgetting.{room}") & set(HEAVY)


def test_the_study_process_and_the_store_import_neither():
  assert not loaded_by(
    "import forgetting.study.study, forgetting.runs.run"
  ) & set(HEAVY)


def test_training_imports_no_tensorflow():
  modules = "loop, programs, checkpoint, compilation"
  loaded = loaded_by(f"from forgetting.training import {modules}")
  assert "jax" in loaded
  assert not loaded & {"tensorflow", "seqio", "tensorflow_text"}


def imports_of(file: pathlib.Path) -> set[str]:
  """Modules of the project that a file imports, anywhere in it."""
  found = set()
  for node in ast.walk(ast.parse(file.read_text())):
    if isinstance(node, ast.Import):
      found |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom) and node.module:
      found |= {f"{node.module}.{alias.name}" for alias in node.names}
  return {name for name in found if name.startswith("forgetting.")}


# what each room may import, itself aside
EVERYWHERE = {
  "canonical", "checks", "errors", "names", "places", "saves", "shape",
}  # fmt: skip
BELOW = {
  "config": (),
  "records": ("config",),
  "data": ("config", "records"),
  "training": ("config", "records"),
  "laws": ("config", "records"),
  "associations": ("config", "records"),
  "report": ("config", "records", "laws", "associations"),
}


@pytest.mark.parametrize("room", BELOW)
def test_imports_point_down(room):
  files = [PACKAGE / f"{room}.py", *(PACKAGE / room).rglob("*.py")]
  allowed = {room, *BELOW[room], *EVERYWHERE}
  for file in filter(pathlib.Path.exists, files):
    rooms = {name.split(".")[1] for name in imports_of(file)}
    assert rooms <= allowed, f"{file} imports {rooms - allowed}"


def test_only_tasks_import_tensorflow():
  for file in PACKAGE.rglob("*.py"):
    names = {
      alias.name.split(".")[0]
      for node in ast.walk(ast.parse(file.read_text()))
      if isinstance(node, ast.Import)
      for alias in node.names
    }
    if names & {"tensorflow", "seqio"}:
      assert file.parent.name == "data", file
