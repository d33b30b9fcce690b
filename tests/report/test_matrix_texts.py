"""The texts on the page."""

from forgetting.associations.readings import Ends, Reading
from forgetting.report import matrix_texts


def ends(name: str) -> Ends:
  one = Reading("e0", "wiki", "a <b> text", 0.5, float("nan"), 2.5, 0.5)
  return Ends(name, (one,), (one,))


def test_all_tasks_are_open_and_the_others_fold():
  html = matrix_texts.section([ends("all tasks"), ends("task <1>")])
  assert html.count("<table>") == 4 and html.count("<details>") == 1
  assert "<summary>task &lt;1&gt;</summary>" in html
  assert "a &lt;b&gt; text" in html and "0.500" in html and "–" in html


def test_without_texts_there_is_nothing():
  assert matrix_texts.section(()) == ""
