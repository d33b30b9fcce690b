"""The wheel: all of the program, working where there is no checkout."""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv

import imports
from imports import ROOT
import pytest

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


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> pathlib.Path:
  """The programs of an environment in which the wheel is, and no checkout.

  The dependencies are this environment's: its folder of packages comes after
  the new one's, and what makes it find a checkout, a .pth file, is not read
  there.
  """
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
  offline = ("--no-index", "--no-deps", "--disable-pip-version-check")
  pip = (sys.executable, "-m", "pip")
  run(*pip, "wheel", *offline, "--no-build-isolation", "-w", folder, source)
  (wheel,) = folder.glob("*.whl")
  made = folder / "made"
  venv.create(made, with_pip=False, symlinks=True)
  python = made / "bin" / "python"
  run(*pip, "--python", python, "install", *offline, wheel)
  (packages,) = (made / "lib").glob("python*/site-packages")
  (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
  return made / "bin"


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
