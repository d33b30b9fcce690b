"""The notebooks as files: clean, short, and installed by their first cell."""

import ast
from collections.abc import Iterator
import json
import pathlib
import re
import subprocess
import sys
import tomllib

from packaging.requirements import Requirement
import pytest

ROOT = pathlib.Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "colabs").glob("*.ipynb"))
LONGEST = 40  # lines of a cell; a study file is the longest


def cells(file, kind):
  notebook = json.loads(file.read_text())
  found = [c for c in notebook["cells"] if c["cell_type"] == kind]
  return ["".join(cell["source"]) for cell in found]


# What Colab has and other packages of its image are made for: an install that
# changes one of these breaks the image and wants a restart. NumPy and pandas
# as users met them in Python 3.12 images (googlecolab/colabtools issue 5390,
# June 2025; ibm-granite/granite-tsfm issue 282, March 2025; pandas still so in
# malariagen-data-python pull request 1326, June 2026). Of the images of Python
# 3.13 (colabtools issue 6081, August 2026) no list was to be had.
COLAB = {"numpy": "2.0.2", "pandas": "2.2.2"}
ROOMS = ("config", "storage", "records", "laws", "associations", "report")
LIGHT = [file for file in NOTEBOOKS if file.stem[0] in "123"]


def test_there_are_five():
  assert [file.stem[0] for file in NOTEBOOKS] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_clean_and_teaches(file):
  notebook = json.loads(file.read_text())
  code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
  assert not any(c["outputs"] or c["execution_count"] for c in code)
  assert max(len(text.splitlines()) for text in cells(file, "code")) <= LONGEST
  words = sum(len(text.split()) for text in cells(file, "markdown"))
  assert words > 200
  assert not re.search(r"https?://", file.read_text()), "an address"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_code_compiles(file):
  for text in cells(file, "code"):
    if not text.startswith("%%"):
      compile(text, file.name, "exec")


def install(file, *, present, folder, source, monkeypatch):
  """Runs the first cell; gives what it would have installed."""
  called = []
  monkeypatch.setattr(
    subprocess, "run", lambda command, check: called.append(command)
  )
  spec = object() if present else None
  monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
  monkeypatch.chdir(folder)
  first = cells(file, "code")[0]
  assert first.count('SOURCE = ""') == 1
  exec(first.replace('SOURCE = ""', f"SOURCE = {source!r}"), {})
  return called


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_the_first_cell_installs_once(file, tmp_path, monkeypatch):
  def installed(**options):
    default = dict(present=False, folder=tmp_path, source="")
    given = default | options
    commands = install(file, monkeypatch=monkeypatch, **given)
    return [part for command in commands for part in command]

  assert installed(present=True) == []
  assert str(file.parents[1]) in installed(folder=file.parent)
  assert "a/b" in installed(source="a/b")
  with pytest.raises(SystemExit, match="SOURCE"):
    installed()


def asked_of_pip(commands: list[list[str]]) -> list[Requirement]:
  """What pip would see to, of the commands that a first cell runs.

  Of the project itself its own requirements, unless they are left aside.
  """
  found: list[str] = []
  for command in commands:
    names = [x for x in command[command.index("install") + 1 :] if x[0] != "-"]
    for name in names:
      if name != "a/b":
        found.append(name)
      elif "--no-deps" not in command:
        found += PROJECT["dependencies"]
  return [Requirement(text) for text in found]


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("file", LIGHT, ids=lambda file: file.stem)
def test_a_light_install_leaves_what_colab_has(file, tmp_path, monkeypatch):
  options = dict(present=False, folder=tmp_path, source="a/b")
  commands = install(file, monkeypatch=monkeypatch, **options)
  asked = asked_of_pip(commands)
  assert asked
  for requirement in asked:
    name = requirement.name.lower()
    assert requirement.specifier.contains(COLAB.get(name, "99")), requirement
    assert name not in ("jax", "jaxlib", "tensorflow"), requirement


def imported(module: ast.Module) -> Iterator[str]:
  """Packages that a module imports as soon as it is imported."""
  for node in module.body:
    if isinstance(node, ast.Import):
      yield from (name.name.split(".")[0] for name in node.names)
    elif isinstance(node, ast.ImportFrom):
      yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("file", LIGHT, ids=lambda file: file.stem)
def test_a_light_install_has_what_analysis_imports(file, tmp_path, monkeypatch):
  """It once lacked etils, which Colab has and a new environment does not."""
  options = dict(present=False, folder=tmp_path, source="a/b")
  commands = install(file, monkeypatch=monkeypatch, **options)
  wanted: set[str] = set()
  for room in ROOMS:
    for module in (ROOT / "forgetting" / room).glob("*.py"):
      wanted |= {*imported(ast.parse(module.read_text()))}
  wanted -= {"forgetting", *sys.stdlib_module_names}
  assert wanted <= {found.name for found in asked_of_pip(commands)}


def test_what_would_change_numpy_is_seen():
  pip = ["python", "-m", "pip", "install", "-q"]
  (asked,) = asked_of_pip([[*pip, "numpy>=2.1"]])
  assert not asked.specifier.contains(COLAB["numpy"])
  assert asked_of_pip([[*pip, "--no-deps", "a/b"]]) == []
  assert len(asked_of_pip([[*pip, "a/b"]])) == len(PROJECT["dependencies"])
