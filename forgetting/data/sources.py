"""A source of text by name or by path: what it is and its documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import dataclasses
import glob
import hashlib
import os

from etils import epath
from rich.progress import Progress

from forgetting.config import domain_name
from forgetting.data import (
  cache,
  corpora,
  extract,
  fetch,
  fields,
  file_search,
  hub_source,
  text_files,
  tfds_source,
)
from forgetting.data.corpora import PLAIN
from forgetting.data.documents import Counts, Rules
from forgetting.data.fields import Fields
from forgetting.storage import packing

READER_VERSION = 2


@dataclasses.dataclass(frozen=True)
class Source:
  """Text to prepare.

  Attributes:
    name: letters, digits and underscores; what tables and folders call it.
    identity: hash of what the documents are a function of.
    rules: how its documents are filtered.
    about: for the record: where it comes from, its licence.
    documents: reads them, with progress, counting what it skips; the network
      is used here if ever.
    prompted: whether its documents are prompts with responses.
    chat: whether they are chats, whose text a tokenizer's template makes.
    streamed: whether its documents are for validation alone: its training
      text is read while it trains.
  """

  name: str
  identity: str
  rules: Rules
  about: dict[str, str]
  documents: Callable[[Progress, Counts], Iterator[str]]
  prompted: bool = False
  chat: bool = False
  streamed: bool = False


def find(source: str) -> Source:
  """A name of the catalogue, a path to text, a data set of TFDS or of the hub.

  Args:
    source: as a config or the command line gives it.

  Raises:
    InputError: none of them; or a path without any readable text file.
  """
  if tfds_source.is_one(source):
    return _of_tfds(tfds_source.parse(source))
  if hub_source.is_one(source):
    return _of_hub(hub_source.parse(source))
  if source in corpora.CATALOGUE or not is_path(source):
    return _of_corpus(corpora.find(source))
  return _of_path(source)


def is_path(source: str) -> bool:
  """Whether a source names files, and not an entry of the catalogue.

  Args:
    source: as a config or the command line gives it.
  """
  return (
    source.startswith((".", "~"))
    or os.sep in source
    or "/" in source
    or glob.has_magic(source)
    or os.path.exists(text_files.split_source(source)[0])
  )


def _of_corpus(corpus: corpora.Corpus) -> Source:
  pins = [f"{a.pin} sha256:{a.sha256}" for a in corpus.archives]
  version = f"extractor {extract.EXTRACTOR_VERSION}"

  def documents(progress: Progress, counts: Counts) -> Iterator[str]:
    del counts
    opened = fetch.open_archives(corpus.name, corpus.archives, progress)
    return corpus.extract(opened)

  return Source(
    name=corpus.name,
    identity=_digest(corpus.name, *pins, version),
    rules=corpus.rules,
    about={
      "source": ", ".join(pins),
      "licence": corpus.licence,
      "extractor_version": str(extract.EXTRACTOR_VERSION),
    },
    documents=documents,
  )


def _of_path(source: str) -> Source:
  path, told = text_files.split_source(source)
  found = file_search.find(source, path)
  files = found.files
  chosen = _fields_of(source, files, told)
  fingerprint = _fingerprint(source, files)
  # of prompts the filter looks at the responses alone
  judged = ["responses judged"] if chosen.prompt is not None else []
  version = f"reader {READER_VERSION}"

  def documents(progress: Progress, counts: Counts) -> Iterator[str]:
    del progress
    for file in files:
      yield from text_files.read(source, file, chosen, counts)

  return Source(
    name=domain_name(path),
    identity=_digest("path", fingerprint, chosen.identity, *judged, version),
    rules=PLAIN,
    about={
      "source": f"{source} content sha256:{fingerprint}",
      "licence": "the user's own",
      "extractor_version": str(READER_VERSION),
      "read_as": chosen.told,
      "files": str(len(files)),
      "left_out": found.told,
    },
    documents=documents,
    prompted=chosen.prompt is not None or bool(chosen.chat),
    chat=bool(chosen.chat),
  )


def _fields_of(source: str, files: list[epath.Path], told: str) -> Fields:
  """What is said of the fields, or what the first record shows."""
  if "->" in told:
    return Fields.parse(told)
  for file in files:
    if packing.endings(file.name)[0] in text_files.PLAIN:
      continue
    if (record := text_files.first_record(source, file)) is not None:
      if (known := Fields.known(record, told)) is not None:
        return known
      raise fields.missing(f"{source}: {file.name}", record, [fields.TEXT])
  return Fields.parse(told or fields.TEXT)


def _of_hub(found: hub_source.HubSource) -> Source:
  commit, chosen = found.commit, found.fields()

  def documents(progress: Progress, counts: Counts) -> Iterator[str]:
    del progress
    return found.documents(chosen, counts)

  parts = [found.path, found.config, found.split, commit, chosen.identity]
  return Source(
    name=domain_name(found.source),
    identity=_digest("hub", *parts, f"reader {READER_VERSION}"),
    rules=PLAIN,
    about={
      "source": f"{found.source} at {commit}",
      "licence": "see the data set's own",
      "extractor_version": str(READER_VERSION),
      "read_as": chosen.told,
    },
    documents=documents,
    prompted=chosen.prompt is not None or bool(chosen.chat),
    chat=bool(chosen.chat),
  )


def _of_tfds(found: tfds_source.TfdsSource) -> Source:
  def documents(progress: Progress, counts: Counts) -> Iterator[str]:
    del counts
    return found.texts(progress)

  version, told = found.version, f"split {found.split}"
  parts = ["tfds", version, found.split, found.field]
  if found.validation is not None:
    parts.append(found.validation)
    told += f" streamed, validation split {found.validation}"
  return Source(
    name=domain_name(f"{found.full_name}"),
    identity=_digest(*parts),
    rules=PLAIN,
    prompted=found.fields.prompt is not None,
    streamed=found.validation is not None,
    about={
      "source": f"TFDS {version} {told} field {found.field}",
      "licence": "see the data set's own",
      "extractor_version": str(READER_VERSION),
    },
    documents=documents,
  )


def _fingerprint(source: str, files: list[epath.Path]) -> str:
  """Hash of the files' contents, remembered while sizes and dates hold."""
  try:
    state = _digest(*map(_state, files))
  except OSError as error:
    raise file_search.unreadable(source, error) from error
  note = cache.root() / "fingerprints" / state[:32]
  if note.exists():
    return note.read_text()
  try:
    contents = [
      f"{packing.endings(f.name)} {cache.sha256_of(f)}" for f in files
    ]
  except OSError as error:
    raise file_search.unreadable(source, error) from error
  fingerprint = _digest(*contents)
  with cache.scratch(note.parent, note.name) as work:
    (work / "note").write_text(fingerprint)
    os.replace(work / "note", note)
  return fingerprint


def _state(file: epath.Path) -> str:
  """Place, size and date of a file, the date as fine as there is one."""
  if "://" in str(file):
    stat = file.stat()
    return f"{file} {stat.length} {stat.mtime}"
  stat = os.stat(file)
  return f"{os.path.abspath(file)} {stat.st_size} {stat.st_mtime_ns}"


def _digest(*parts: str) -> str:
  return hashlib.sha256("\n".join(parts).encode()).hexdigest()
