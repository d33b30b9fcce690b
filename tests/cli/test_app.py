"""Parsing: what is no command is a line, and shells complete what is one."""

import os
import pathlib
import shutil
import subprocess

from command import called
import pytest

from forgetting.cli import main as cli
from forgetting.cli.app import gathered, in_a_line
from forgetting.config import InputError

VERBS = [*cli.app._subcommands]


def test_every_verb_has_an_example_in_its_help():
  for verb in VERBS:
    text = cli.app._subcommands[verb].target.__doc__
    assert f"forgetting {verb}" in text, verb
    assert "Example" in text, verb


def test_the_help_names_every_verb_and_what_holds_for_all():
  done = called("--help")
  assert done.returncode == 0
  for word in (*VERBS, "--quiet", "--version", "completion"):
    assert word in done.stdout


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
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
  done = called(*arguments)
  assert done.returncode == 2
  assert done.stdout == ""
  assert len(done.stderr.strip().splitlines()) == 1
  assert done.stderr.startswith("forgetting: ")
  for word in words:
    assert word in done.stderr


def test_a_box_of_another_form_is_a_line_too():
  assert in_a_line("something\n  else") == "something else"


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes_verbs_and_options(tmp_path):
  script = called("--tyro-print-completion", "bash").stdout
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


def test_the_width_that_tyro_is_told_is_gone_afterwards(monkeypatch):
  for before in (None, "93"):
    if before is None:
      monkeypatch.delenv("COLUMNS", raising=False)
    else:
      monkeypatch.setenv("COLUMNS", before)
    with pytest.raises(InputError):
      cli.app.parse(["fit"], description="")
    assert os.environ.get("COLUMNS") == before


@pytest.mark.parametrize(
  ("option", "field"),
  [
    ("--domain", "domain"),
    ("--pretraining", "pretraining"),
    ("--model", "model"),
  ],
)
def test_an_option_given_twice_has_all_values(option, field):
  asked = ["study", "c.py", option, "a", "--root", "r", f"{option}=b", "c"]
  todo = cli.app.parse(asked, description="")
  (options,) = todo.args or todo.keywords.values()
  assert getattr(options.text, field) == ("a", "b", "c")
  assert str(options.root) == "r"


def test_other_options_stay_where_they_are():
  asked = ["fit", "x", "--by", "a", "--set", "s=1", "--set", "t=2", "-h"]
  assert gathered(asked) == asked
