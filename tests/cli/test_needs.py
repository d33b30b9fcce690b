"""What a light install lacks is one line, wherever it is found missing."""

import importlib.util
import pathlib
import tomllib

from command import CONFIGS, called
from packaging.requirements import Requirement
import pytest

from forgetting.cli import main as cli
from forgetting.cli import needs

SMOKE = CONFIGS / "smoke.py"
ROOT = pathlib.Path(__file__).parents[2]


def without(monkeypatch, package: str) -> None:
  found = importlib.util.find_spec
  monkeypatch.setattr(
    importlib.util,
    "find_spec",
    lambda name, *more: None if name == package else found(name, *more),
  )


@pytest.mark.parametrize(
  "arguments", [("study", SMOKE), ("run", SMOKE, "--index", "0")]
)
def test_what_trains_is_refused_before_anything(
  arguments, monkeypatch, tmp_path
):
  without(monkeypatch, "jax")
  done = called(*arguments, cwd=tmp_path)
  assert done.returncode == 2
  (line,) = done.stderr.splitlines()
  assert "found no jax" in line and "pip install 'forgetting[train]'" in line
  assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
  ("name", "extra"),
  [("jax.numpy", "train"), ("seqio", "train"), ("scipy", "associations")],
)
def test_a_module_that_is_missing_later_is_a_line_too(name, extra, monkeypatch):
  def parse(*_, **__):
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

  monkeypatch.setattr(cli.app, "parse", parse)
  done = called("fit", "quickstart")
  assert done.returncode == 2
  assert f"'forgetting[{extra}]'" in done.stderr
  assert len(done.stderr.splitlines()) == 1


def test_a_bug_is_no_missing_package():
  assert needs.line(ModuleNotFoundError("x", name="forgetting.nowhere")) is None
  assert needs.line(ModuleNotFoundError("x")) is None


def test_the_packages_are_those_of_the_extra():
  text = (ROOT / "pyproject.toml").read_text()
  project = tomllib.loads(text)["project"]
  declared = {
    Requirement(wanted).name.replace("-", "_")
    for wanted in project["optional-dependencies"]["train"]
  } - {"forgetting", "pip", "importlib_resources"}
  assert declared - {"orbax_checkpoint"} <= {*needs.TRAIN}
