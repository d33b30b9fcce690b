"""Words of statistics, explained where they are first read."""

import pathlib

from forgetting.report import glossary


def test_each_word_is_explained_once_and_not_in_code():
  html = "<p>Forgetting of a cell</p><code>cell</code><h3>base</h3><p>cell</p>"
  told = glossary.explain(html)
  assert told.count("<abbr") == 2
  assert glossary.TERMS["cell"] in told
  assert "<code>cell</code>" in told and "<h3>base</h3>" in told


def test_the_longest_word_is_the_one_explained():
  told = glossary.explain("<p>not identified, 10k target tokens</p>")
  assert ">not identified</abbr>" in told and ">target tokens</abbr>" in told


def test_the_list_has_every_word():
  told = glossary.section()
  assert all(f"<dt>{word}</dt>" in told for word in glossary.TERMS)


def test_the_documentation_says_the_same():
  page = pathlib.Path(__file__).parents[2] / "docs" / "glossary.md"
  text = page.read_text()
  for word, meaning in glossary.TERMS.items():
    assert f"| {word} | {meaning} |" in text
