"""Parsing, quiet and JSON: the command as scripts and shells meet it."""

import json
import pathlib
import shutil
import subprocess

from command import CONFIGS, forgetting
import numpy as np
import pytest

from forgetting.cli import main as cli
from forgetting.cli.answers import find, write_json
from forgetting.cli.app import in_a_line
from forgetting.report.export import EXAMPLE

VERBS = [*cli.app._subcommands]
PLAN = (  # quick, of a verb that reads the example study
  "plan", EXAMPLE, "--domain", "kjv", "--budget", "1e12",
  "--model-params", "1e7", "--target-tokens", "1e6",
)  # fmt: skip


def test_every_verb_has_an_example_in_its_help():
  for verb in VERBS:
    text = cli.app._subcommands[verb].target.__doc__
    assert f"forgetting {verb}" in text, verb
    assert "Example" in text, verb


def test_the_help_names_every_verb_and_what_holds_for_all():
  done = forgetting("--help")
  assert done.returncode == 0
  for word in (*VERBS, "--quiet", "--version", "completion"):
    assert word in done.stdout


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    ((), ("expected a verb", "forgetting --help")),
    (("fti",), ("'fti'", "did you mean 'fit'?")),
    (("fit",), ("STUDY", "forgetting fit --help")),
    (("fit", "x", "--lawx", "3"), ("--lawx", "--law", "forgetting fit")),
    (
      ("advise", "x", "--domain", "y"),
      ("--model-params FLOAT", "--tolerance FLOAT", "forgetting advise"),
    ),
    (
      ("plan", "x", "--budget", "a lot", "--model-params", "1"),
      ("--target-tokens",),
    ),
    (("associate", "x", "--choose", "bad"), ("'bad'", "'random'", "'mixed'")),
    (("advise", "--domain"), ("--domain", "forgetting advise --help")),
  ],
)
def test_what_cannot_be_parsed_is_one_line(arguments, words):
  done = forgetting(*arguments)
  assert done.returncode == 2
  assert done.stdout == ""
  assert len(done.stderr.strip().splitlines()) == 1
  assert done.stderr.startswith("forgetting: ")
  for word in words:
    assert word in done.stderr


def test_a_box_of_another_form_is_a_line_too():
  assert in_a_line("something\n  else") == "something else"


def test_quiet_prints_errors_only():
  done = forgetting("--quiet", *PLAN)
  assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
  done = forgetting("fit", "absent", "--quiet")
  assert done.returncode == 2
  assert "absent" in done.stderr


def test_json_is_printed_alone_and_is_json():
  done = forgetting(*PLAN, "--json", "-")
  plan = json.loads(done.stdout, parse_constant=pytest.fail)
  assert plan["spent"] <= plan["budget"] == 1e12


def test_what_is_not_finite_is_null(capsys):
  answer = {"a": [float("inf"), 1.5], 2: np.float64("nan"), "c": np.arange(2)}
  assert write_json(answer, "-")
  told = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
  assert told == {"a": [None, 1.5], "2": None, "c": [0, 1]}


def test_json_in_a_file_is_beside_the_words(tmp_path):
  done = forgetting(*PLAN, "--json", tmp_path / "plan.json")
  assert "standard error" in done.stdout
  assert json.loads((tmp_path / "plan.json").read_text())["runs"]


def test_a_listing_of_runs_is_json_too(tmp_path):
  config = CONFIGS / "smoke.py"
  done = forgetting("run", config, "--root", tmp_path, "--json", "-")
  states = json.loads(done.stdout)
  assert states[0]["state"] == "to do"
  assert states[-1]["state"] == "waiting"
  plain = forgetting("run", config, "--root", tmp_path).stdout.splitlines()
  assert len(plain) == len(states)


def test_text_of_the_same_name_does_not_hide_a_study(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "letters").mkdir()
  (tmp_path / "letters" / "a.txt").write_text("Dear Sir")
  assert find("letters") == pathlib.Path("letters")
  (tmp_path / "runs" / "letters").mkdir(parents=True)
  assert find("letters") == pathlib.Path("runs/letters")
  (tmp_path / "letters" / "run").mkdir()
  (tmp_path / "letters" / "run" / "config.json").write_text("{}")
  assert find("letters") == pathlib.Path("letters")


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes_verbs_and_options(tmp_path):
  script = forgetting("--tyro-print-completion", "bash").stdout
  file = tmp_path / "forgetting"
  file.write_text(script)
  assert completed(file, "forgetting", "ad") == ["advise"]
  assert "--tolerance" in completed(file, "forgetting", "advise", "--tol")


def completed(script: pathlib.Path, *words: str) -> list[str]:
  """What bash offers for the last of the words."""
  line = " ".join(words)
  code = f"""
source {script}
function=$(complete -p forgetting | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}
COMP_LINE="{line}"; COMP_POINT={len(line)}
$function forgetting {words[-1]} {words[-2]}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
  done = subprocess.run(["bash", "-c", code], capture_output=True, text=True)
  return done.stdout.split()
