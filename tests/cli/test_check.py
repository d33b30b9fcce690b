"""The gate's exit codes and what it leaves."""

import json

import pytest
import tiny_checkpoint

from forgetting.cli.main import app
from forgetting.config import InputError


def check(*arguments):
  return app.parse(["check", *map(str, arguments)], description="")()


@pytest.mark.usefixtures("own_cache")
def test_zero_where_it_is_kept_one_where_it_is_not(tmp_path, text, capsys):
  base = tiny_checkpoint.write(tmp_path / "base")
  tuned = tiny_checkpoint.write(tmp_path / "tuned", seed=1)
  options = ("--text", text["news"], "--context", 32, "--sequences", 8)
  assert check(base, base, *options) == 0
  told = capsys.readouterr().out
  assert "kept: nothing lost more" in told and "+0.0000 ± 0.0000" in told
  file, out = tmp_path / "check.json", tmp_path / "page"
  # so small a tolerance that one of two random models is too much
  strict = ("--tolerance", "1e-9,1e-9", "--json", file, "--out", out)
  codes = {
    check(base, tuned, *options, *strict), check(tuned, base, *options, *strict)
  }  # fmt: skip
  assert codes == {0, 1}
  assert json.loads(file.read_text())["sources"][0]["sequences"] == 8
  assert (out / "check.html").exists() and (out / "check.md").exists()


def test_wrong_questions_are_one_line(tmp_path):
  base = tiny_checkpoint.write(tmp_path / "base")
  for more, line in (
    (("--tolerance", "1"), "two positive numbers"),
    (("--sequences", "1"), "expected two or more"),
    ((), "--text: found none"),
  ):
    with pytest.raises(InputError, match=line):
      check(base, base, *more)
