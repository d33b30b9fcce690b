"""The notebooks as files: clean, short, and installed by their first cell."""

import json
import pathlib
import re
import subprocess

import pytest

NOTEBOOKS = sorted(
  (pathlib.Path(__file__).parents[1] / "colabs").glob("*.ipynb")
)
LONGEST = 40  # lines of a cell; a study file is the longest


def cells(file, kind):
  notebook = json.loads(file.read_text())
  found = [c for c in notebook["cells"] if c["cell_type"] == kind]
  return ["".join(cell["source"]) for cell in found]


def test_there_are_four():
  assert [file.stem[0] for file in NOTEBOOKS] == ["1", "2", "3", "4"]


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
  return [part for command in called for part in command]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_the_first_cell_installs_once(file, tmp_path, monkeypatch):
  def installed(**options):
    default = dict(present=False, folder=tmp_path, source="")
    given = default | options
    return install(file, monkeypatch=monkeypatch, **given)

  assert installed(present=True) == []
  assert str(file.parents[1]) in installed(folder=file.parent)
  assert "a/b" in installed(source="a/b")
  with pytest.raises(SystemExit, match="SOURCE"):
    installed()
