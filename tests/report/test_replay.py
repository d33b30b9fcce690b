"""The comparison of replay policies on the page: its table, words, figure."""

from planted_policies import F0, B, table

from forgetting.report import figure_replay, replay


def test_a_study_without_policies_has_no_table():
  runs = table()
  assert replay.cells(runs[runs["replay"] == "none"]) is None


def test_the_figure_shows_every_policy_in_every_domain():
  cells = replay.cells(table(noise=0.01))
  assert {*cells["policy"]} == {*B}
  figure = figure_replay.replay(cells)
  panels = figure.axes
  assert [panel.get_title() for panel in panels] == [*F0]
  for panel in panels:
    assert len(panel.containers) == len(B)
  told = [text.get_text() for text in panels[-1].get_legend().get_texts()]
  assert told == [figure_replay.NAMES[policy] for policy in B]


def test_gains_and_worth_are_told_in_words():
  html = replay.comparison(table(noise=0.01))
  for name in ("by a short run", "by the run itself", "by a whole run"):
    assert name in html
  rows = html.count("<tr>")
  # a head and a row a policy; a head and a row a domain and policy
  assert rows == 1 + (len(B) - 1) + 1 + len(F0) * len(B)
