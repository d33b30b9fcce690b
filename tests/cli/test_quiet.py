import sys
import warnings

from forgetting.cli.quiet import say, silence, tell_warnings
from forgetting.records.told import tell


def test_errors_are_told_where_nothing_else_is(capsys):
  with silence():
    print("an answer")
    print("progress", file=sys.stderr)
    say("a mistake")
  say("another")
  told = capsys.readouterr()
  assert told.out == ""
  assert told.err == "forgetting: a mistake\nforgetting: another\n"


def test_a_line_about_a_table_is_told_once_whatever_resets_filters(capsys):
  with warnings.catch_warnings():
    tell_warnings()
    for _ in range(2):
      tell("a row is lost")
      with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
  assert capsys.readouterr().err == "forgetting: a row is lost\n"
