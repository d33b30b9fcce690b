"""The wheel: all of the program, working where there is no checkout."""

from importlib import metadata
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv

import imports
from imports import ROOT
from packaging.requirements import Requirement
from planted_tables import planted
import pytest

PIP = (sys.executable, "-m", "pip")
OFFLINE = ("--no-index", "--no-deps", "--disable-pip-version-check")
SOURCES = (
  "forgetting",
  "launch",
  "colabs/example",
  "pyproject.toml",
  "README.md",
  "LICENSE",
)


def test_every_package_is_listed():
  """One that is not would be missing from the wheel, and only there."""
  text = (ROOT / "pyproject.toml").read_text()
  listed = tomllib.loads(text)["tool"]["setuptools"]["packages"]
  found = {
    module if file.name == "__init__.py" else module.rpartition(".")[0]
    for module, file in imports.read().files.items()
  }
  assert listed == sorted(found)


LIGHT = 220e6  # bytes of packages, by what wheels hold


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> pathlib.Path:
  """The wheel, built of a copy."""
  folder = tmp_path_factory.mktemp("wheel")
  # a copy: building leaves files behind, and reads those of the last time
  source = folder / "source"
  for name in SOURCES:
    if (ROOT / name).is_dir():
      shutil.copytree(
        ROOT / name,
        source / name,
        ignore=shutil.ignore_patterns("__pycache__"),
      )
    else:
      shutil.copy(ROOT / name, source / name)
  made = ("wheel", *OFFLINE, "--no-build-isolation", "-w", folder, source)
  run(*PIP, *made)
  (wheel,) = folder.glob("*.whl")
  return wheel


def environment(wheel: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
  """A new environment with the wheel alone: its programs, its packages."""
  made = pathlib.Path(tempfile.mkdtemp(dir=wheel.parent))
  venv.create(made, with_pip=False, symlinks=True)
  run(*PIP, "--python", made / "bin" / "python", "install", *OFFLINE, wheel)
  (packages,) = (made / "lib").glob("python*/site-packages")
  return made / "bin", packages


@pytest.fixture(scope="module")
def installed(wheel) -> pathlib.Path:
  """The programs of an environment in which the wheel is, and no checkout.

  The dependencies are this environment's: its folder of packages comes after
  the new one's, and what makes it find a checkout, a .pth file, is not read
  there.
  """
  programs, packages = environment(wheel)
  (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
  return programs


@pytest.fixture(scope="module")
def light(wheel) -> pathlib.Path:
  """Programs of one that has what `pip install forgetting` brings, no more.

  The packages are links to this environment's.
  """
  programs, packages = environment(wheel)
  found, here = needed(), pathlib.Path(sysconfig.get_path("purelib"))
  tops = {file.parts[0] for name in found for file in metadata.files(name)}
  for top in tops - {".."}:
    if not (packages / top).exists() and (here / top).exists():
      (packages / top).symlink_to(here / top)
  return programs


def needed() -> set[str]:
  """What the program declares without extras, and what that declares."""
  project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
  left, found = [Requirement(x) for x in project["dependencies"]], set()
  seen = set()
  while left:
    requirement = left.pop()
    if str(requirement) in seen:
      continue
    seen.add(str(requirement))
    found.add(re.sub(r"[-_.]+", "-", requirement.name).lower())
    for text in metadata.requires(requirement.name) or ():
      more = Requirement(text)
      extras = requirement.extras or {""}
      if more.marker is None or any(
        more.marker.evaluate({"extra": extra}) for extra in extras
      ):
        left.append(more)
  return found


def run(*command, cwd=None, **environment) -> str:
  done = subprocess.run(
    [*map(str, command)],
    capture_output=True,
    text=True,
    cwd=cwd,
    env=os.environ | environment,
  )
  assert done.returncode == 0, done.stdout + done.stderr
  return done.stdout


@pytest.fixture
def outside(installed, tmp_path):
  """Calls a program of the environment in a folder that is nobody's."""
  shutil.copytree(ROOT / "configs", tmp_path / "configs")

  def call(program: str, *arguments) -> str:
    return run(installed / program, *arguments, cwd=tmp_path)

  return call


@pytest.mark.slow
@pytest.mark.parametrize(
  "name", ["forgetting", "forgetting.launch.files", "forgetting.example"]
)
def test_what_is_imported_is_the_wheels(name, outside, installed):
  at = outside("python", "-c", f"import {name}; print({name}.__file__)")
  assert pathlib.Path(at).is_relative_to(installed.parent)


@pytest.mark.slow
def test_the_command_tells_its_verbs(outside):
  assert "study" in outside("forgetting", "--help")


@pytest.mark.slow
def test_a_study_is_reckoned(outside):
  told = outside("forgetting", "study", "configs/smoke.py", "--dry-run")
  assert "FLOPs" in told


@pytest.mark.slow
def test_laws_are_fitted_to_the_example(outside):
  code = "from forgetting.report.export import EXAMPLE; print(EXAMPLE)"
  example = outside("python", "-c", code).strip()
  assert "alpha" in outside("forgetting", "fit", example, "--law", "target")


@pytest.mark.slow
def test_what_would_be_submitted_comes_from_the_shipped_template(outside):
  told = outside(
    "forgetting", "study", "configs/smoke.py", "--on", "slurm", "--dry-run"
  )
  assert "#SBATCH" in told


def test_what_reads_tables_is_small_and_without_what_trains():
  found = needed()
  assert not found & {"jax", "jaxlib", "flax", "tensorflow", "seqio", "optax"}
  assert not found & {"pyarrow", "scipy"}
  sizes = [
    file.locate().stat().st_size
    for name in found
    for file in metadata.files(name)
    if file.suffix != ".pyc" and file.locate().exists()
  ]
  assert sum(sizes) < LIGHT


@pytest.mark.slow
def test_a_table_is_fitted_advised_and_shown_without_what_trains(
  light, tmp_path
):
  def call(*arguments, code: int = 0) -> str:
    done = subprocess.run(
      [str(light / "forgetting"), *arguments],
      capture_output=True,
      text=True,
      cwd=tmp_path,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if not code else done.stderr

  shutil.copytree(ROOT / "configs", tmp_path / "configs")
  planted().to_csv(tmp_path / "runs.csv", index=False)
  assert "alpha" in call("fit", "runs.csv", "--law", "forgetting")
  question = ("--domain", "kjv", "--model-params", "1.6e7")
  asked = (*question, "--target-tokens", "1e6", "--tolerance", "0.1")
  assert "inject" in call("advise", "runs.csv", *asked)
  call("report", "runs.csv", "--out", "page")
  assert "forgetting" in (tmp_path / "page" / "report.html").read_text()
  for arguments, extra in (
    (("fit", "runs.parquet"), "parquet"),
    (("associate", "runs.csv"), "associations"),
  ):
    (tmp_path / "runs.parquet").touch()
    told = call(*arguments, code=2)
    assert f"pip install 'forgetting[{extra}]'" in told
    assert len(told.splitlines()) == 1
  for verb in ("study", "run"):
    which = ("--index", "0") if verb == "run" else ()
    told = call(verb, "configs/smoke.py", *which, code=2)
    assert "pip install 'forgetting[train]'" in told
    assert len(told.splitlines()) == 1
