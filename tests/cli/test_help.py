"""Help that fits a screen, and says all that tyro knows of a verb."""

import re

from command import called
import pytest

from forgetting.cli import help
from forgetting.cli import main as cli
from forgetting.cli.numbers import REGISTRY

SCREEN = 40  # lines
VERBS = [*cli.app.verbs]


@pytest.fixture(autouse=True)
def wide(monkeypatch):
  monkeypatch.setenv("COLUMNS", "100")


def lines(*arguments) -> list[str]:
  done = called(*arguments)
  assert (done.returncode, done.stderr) == (0, "")
  return done.stdout.splitlines()


@pytest.mark.parametrize("arguments", [(), *[(verb,) for verb in VERBS]])
def test_help_fits_a_screen(arguments):
  told = lines(*arguments, "--help")
  assert 8 < len(told) <= SCREEN
  assert max(map(len, told)) <= 100
  assert told == lines(*arguments, "-h")


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_told_once(verb, capsys):
  told = "\n".join(lines(verb, "--help"))
  with pytest.raises(SystemExit):
    cli.app.cli(args=[verb, "--help"], prog="forgetting", registry=REGISTRY)
  theirs = {
    *re.findall(r"^(?:│ |  )(--[a-z][a-z-]*)", capsys.readouterr().out, re.M)
  }
  ours = re.findall(r"^  (--[a-z][a-z-]*)", told, re.M)
  assert sorted(ours) == sorted(theirs - {"--help"})


def test_options_are_grouped_by_what_they_are_about():
  told = lines("study", "--help")
  heads = [line for line in told[4:] if line and line[0] != " "]
  assert heads == [
    *("what is asked", "on what text", "where"),
    *("how it is told, and what is kept", "examples"),
  ]
  where = told[told.index("where") : told.index(heads[3])]
  assert any(line.startswith("  --on STR") for line in where)
  assert any(line.startswith("  --chip STR") for line in where)


@pytest.mark.parametrize(
  "verb", sorted({*VERBS} - {"data", "doctor", "import"})
)
def test_a_study_that_is_named_may_lie_anywhere(verb):
  assert any(line.startswith("  --root DIR") for line in lines(verb, "--help"))


def test_what_has_to_be_given_stands_in_the_first_line():
  first = " ".join(lines("plan", "--help")[:2])
  assert first.startswith(
    "forgetting plan STUDY --model-params FLOAT --target-tokens FLOAT [options]"
  )


def test_a_narrow_terminal_breaks_lines_earlier(monkeypatch):
  monkeypatch.setenv("COLUMNS", "70")
  told = lines("advise", "--help")
  assert max(map(len, told)) <= 70
  monkeypatch.setenv("COLUMNS", "7")
  assert max(map(len, lines("fit", "--help"))) > 7


BOXES = """usage: forgetting x

╭─ positional arguments ───╮
│ STUDY       A study. (required) │
│ [[STR [STR ...]]]  Names. (default: ) │
╰──────────────────────────╯
╭─ options ────────────────╮
│ -h, --help  show this    │
│ --law {None}|STR         │
│             Which        │
│             law. (default: None) │
│ --loss {a,b}  Of. (default: a) │
│ --domain STR  It. (required) │
╰──────────────────────────╯
╭─ own options ────────────╮
│ What it is.              │
│ ──────────────────────── │
│ --all       All. (default: False) │
╰──────────────────────────╯
"""


def test_options_are_read_out_of_boxes():
  options = [*help.options_of(BOXES)]
  assert [(o.name, o.text) for o in options] == [
    ("STUDY", "A study."),
    ("STR...", "Names."),
    ("--law STR", "Which law."),
    ("--loss a|b", "Of. [a]"),
    ("--domain STR", "It."),
    ("--all", "All."),
  ]
  assert [o.name for o in options if o.required] == ["STUDY", "--domain STR"]
  assert options[-1].group == "own options"
