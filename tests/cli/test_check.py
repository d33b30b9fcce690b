"""The gate's exit codes and what it leaves."""

import json

from command import called
import pytest
import tiny_checkpoint

from forgetting.cli.main import app
from forgetting.config import InputError
from forgetting.runs import accuracies, checking
from forgetting.study import progress


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
  assert "no text lost anything" in told
  file, out = tmp_path / "check.json", tmp_path / "page"
  # so small a tolerance that one of two random models is too much
  strict = ("--tolerance", "1e-9,1e-9", "--json", file, "--out", out)
  codes = {
    check(base, tuned, *options, *strict), check(tuned, base, *options, *strict)
  }  # fmt: skip
  assert codes == {0, 1}
  assert json.loads(file.read_text())["sources"][0]["sequences"] == 8
  assert (out / "check.html").exists() and (out / "check.md").exists()


@pytest.mark.usefixtures("own_cache")
def test_it_says_on_the_way_how_far_it_is(tmp_path, text, capsys, monkeypatch):
  monkeypatch.setattr(progress, "HEARTBEAT", 0.0)
  base = tiny_checkpoint.write(tmp_path / "base")
  options = ("--text", text["news"], "--context", 32, "--sequences", 8)
  assert check(base, base, *options) == 0
  assert "measured 8 of 24 sequences, about 0:0" in capsys.readouterr().err


def test_without_the_harness_nothing_is_measured(tmp_path, monkeypatch):
  base = tiny_checkpoint.write(tmp_path / "base")
  monkeypatch.setattr(accuracies, "PROGRAM", "no-such-program")
  with pytest.raises(InputError, match="found no no-such-program"):
    check(base, base, "--text", "mix", "--tasks", "hellaswag")


@pytest.mark.usefixtures("own_cache")
def test_accuracies_are_told_in_page_and_json(
  tmp_path, text, monkeypatch, capsys
):
  base = tiny_checkpoint.write(tmp_path / "base")
  monkeypatch.setattr(accuracies, "program", lambda: "lm_eval")
  answered = {"arc": {"acc,none": 0.5, "acc_stderr,none": 0.1}}
  asked = []
  monkeypatch.setattr(
    accuracies, "measure", lambda *a: asked.append(a[2]) or (answered, answered)
  )
  options = ("--text", text["news"], "--context", 32, "--sequences", 8)
  page = ("--out", tmp_path / "page", "--json", tmp_path / "check.json")
  assert check(base, base, *options, *page, "--tasks", "arc") == 0
  assert asked == [["arc"]]
  told = capsys.readouterr().out.splitlines()
  assert any(line.split()[:2] == ["arc", "acc"] for line in told)
  told = json.loads((tmp_path / "check.json").read_text())
  assert told["accuracies"][0]["base"] == 0.5
  assert "Accuracies" in (tmp_path / "page" / "check.html").read_text()
  assert "| arc |" in (tmp_path / "page" / "check.md").read_text()


def test_wrong_questions_are_one_line(tmp_path):
  base = tiny_checkpoint.write(tmp_path / "base")
  for more, line in (
    (("--tolerance", "1"), "two positive numbers"),
    (("--sequences", "1"), "expected two or more"),
    ((), "--text: found none"),
  ):
    with pytest.raises(InputError, match=line):
      check(base, base, *more)


@pytest.mark.usefixtures("own_cache")
def test_a_page_that_cannot_be_written_is_known_before_measuring(
  tmp_path, text, monkeypatch
):
  base = tiny_checkpoint.write(tmp_path / "base")
  monkeypatch.setattr(checking, "measure", lambda *a, **k: pytest.fail("did"))
  file = tmp_path / "file"
  file.write_text("")
  done = called("check", base, base, "--text", text["news"], "--out", file)
  assert (done.returncode, done.stdout) == (2, "")
  assert done.stderr == (
    f"forgetting: --out {file}: cannot be written (File exists); name another"
    " folder\n"
  )
