"""What a user tells an engine once."""

import dataclasses
import re
import tomllib

import pytest

from forgetting.config import InputError
from forgetting.launch import engines, profile, template


@dataclasses.dataclass(frozen=True)
class Toy:
  name: str
  count: int = 1
  lines: tuple[str, ...] = ()
  time: str | None = None


def test_a_profile_is_read(tmp_path):
  file = tmp_path / "mine.toml"
  file.write_text('name = "a"\nlines = ["x", "y"]\ntime = "1:00"\n')
  values = profile.read(str(file))
  read = profile.settings(Toy, values, where=str(file))
  assert read == Toy(name="a", lines=("x", "y"), time="1:00")
  assert profile.read(None) == {}


@pytest.mark.parametrize(
  ("values", "line"),
  [
    (dict(name="a", cuont=2), "found 'cuont', expected some of name, count"),
    (dict(name="a", cuont=2), "did you mean 'count'?"),
    (dict(count=2), "name is missing"),
    (dict(name=3), "name: found 3, expected a string"),
    (dict(name="a", count=True), "count: found True, expected a whole number"),
    (dict(name="a", lines="x"), "lines: found 'x', expected a list of strings"),
    (dict(name="a", time=60), "time: found 60, expected a string"),
  ],
)
def test_a_profile_that_does_not_hold_is_told(values, line):
  with pytest.raises(InputError) as error:
    profile.settings(Toy, values, where="mine.toml")
  assert str(error.value).startswith("mine.toml: ") and line in str(error.value)


def test_a_file_that_is_no_profile(tmp_path):
  with pytest.raises(InputError, match="found no file"):
    profile.read(str(tmp_path / "absent.toml"))
  (tmp_path / "mine.toml").write_text("time = 1:00")
  with pytest.raises(InputError, match="expected TOML"):
    profile.read(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("name", [n for n in engines.ENGINES if n != "local"])
def test_the_profile_that_ships_is_the_one_that_the_guide_shows(name):
  text = template.shipped(f"{name}.toml")
  of_engine = engines.find(name).SETTINGS
  settings = profile.settings(of_engine, tomllib.loads(text), where=name)
  shown = re.findall(
    r"^```toml\n(.*?)^```", template.shipped("README.md"), re.S | re.M
  )
  assert tomllib.loads(text) in [tomllib.loads(block) for block in shown]
  assert isinstance(settings, of_engine)
