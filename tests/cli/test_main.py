"""The command as its user meets it: help, answers, errors, exit status."""

import os
import subprocess
import sys

from command import CONFIGS, called, forgetting
import pytest

from forgetting.cli import main as cli
from forgetting.report.export import EXAMPLE

PLAN = (  # quick, of a verb that reads the example study
  "plan", EXAMPLE, "--domain", "kjv", "--budget", "1e12",
  "--model-params", "1e7", "--target-tokens", "1e6",
)  # fmt: skip
VERBS = [*cli.app.verbs]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb):
  done = called(verb, "--help")
  assert done.returncode == 0
  assert f"forgetting {verb}" in done.stdout
  assert "\nexample" in done.stdout
  assert verb in called("--help").stdout


@pytest.mark.parametrize(
  ("arguments", "line"),
  [
    (("study", "absent.py"), "absent.py: no such file"),
    (("fit", "absent"), "absent"),
    (("report", "absent"), "absent: no such study"),
    (("data", "show", "kjw"), "expected a path to text or one of kjv"),
    (("data", "show"), "found no name"),
    (("data", "tokenizer"), "neither a name nor --size"),
  ],
)
def test_bad_input_is_one_line_and_status_two(arguments, line, tmp_path):
  done = called(*arguments, cwd=tmp_path)
  assert done.returncode == 2, done.stderr
  assert line in done.stderr
  assert done.stderr.startswith("forgetting: ")
  assert len(done.stderr.strip().splitlines()) == 1


def test_the_program_is_a_module_too():
  done = forgetting("--version")
  assert done.returncode == 0 and done.stdout.strip()[0].isdigit()
  done = forgetting("fit", "absent")
  assert done.returncode == 2
  assert done.stderr.startswith("forgetting: absent: ")


def test_interrupted_it_says_what_is_kept(monkeypatch):
  def interrupt(*_, **__):
    raise KeyboardInterrupt

  monkeypatch.setattr(cli.app, "parse", interrupt)
  done = called("fit", "quickstart")
  assert (done.returncode, done.stdout) == (130, "")
  assert done.stderr == "forgetting: stopped; what is done is kept\n"


def test_a_misspelt_field_names_the_field(tmp_path):
  file = tmp_path / "typo.py"
  text = (CONFIGS / "quickstart.py").read_text()
  file.write_text(text.replace("warmup_steps=", "warm_up_steps="))
  done = called("study", file)
  assert done.returncode == 2
  assert "Optimizer has no field 'warm_up_steps'" in done.stderr
  assert "did you mean 'warmup_steps'?" in done.stderr


def test_quiet_prints_errors_only():
  done = called("--quiet", *PLAN)
  assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
  done = called("fit", "absent", "--quiet")
  assert done.returncode == 2
  assert "absent" in done.stderr


def test_other_letters_in_a_locale_of_ascii_alone(tmp_path):
  folder = tmp_path / "Bücher"
  folder.mkdir()
  (folder / "mine.csv").write_text("a,b\n1,2\n", encoding="utf-8")
  plain = dict(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
  done = subprocess.run(
    [sys.executable, "-m", "forgetting", "fit", folder / "mine.csv"],
    env=os.environ | plain,
    capture_output=True,
    check=False,
  )
  assert done.returncode == 2
  assert "Traceback" not in done.stderr.decode()
