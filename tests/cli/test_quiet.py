import sys

from forgetting.cli.quiet import say, silence


def test_errors_are_told_where_nothing_else_is(capsys):
  with silence():
    print("an answer")
    print("progress", file=sys.stderr)
    say("a mistake")
  say("another")
  told = capsys.readouterr()
  assert told.out == ""
  assert told.err == "forgetting: a mistake\nforgetting: another\n"
