"""Text in files of the user: read as documents.

Plain text, JSON, JSON lines, CSV and parquet, each also packed, on a local disk
or in a bucket. Little is ever held whole: a document of a plain text file is
at most about a megabyte, and is cut further down the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import contextlib
import csv
import gzip
import io
import itertools
import json
import re
import shutil
import tempfile
from typing import Any

from etils import epath

from forgetting.config import InputError
from forgetting.data import chats
from forgetting.data.documents import Counts
from forgetting.data.fields import Fields, missing, plain
from forgetting.data.file_search import is_text, unreadable
from forgetting.records import table_text
from forgetting.storage import encoding, packing

_BLOCK_CHARACTERS = 1 << 20  # of a plain text file, read at a time
_LONGEST_LINE = 1 << 26  # characters of a JSON line; a longer one is skipped
_ROWS_AT_ONCE = 512
PLAIN = (".txt", ".md")  # what has no records
_HOLDERS = ("data", "rows", "records", "examples", "documents")

Record = tuple[str, Any]  # where it is, and what it is
# (what to call the file, its bytes, counts, fields to read or None for all)
Reader = Callable[[str, Any, Counts, "list[str] | None"], Iterator[Record]]


def split_source(source: str) -> tuple[str, str]:
  """Takes a source of text apart.

  Args:
    source: a path, and after a colon what is said of its fields.

  Returns:
    the path, and what is said of its fields or "".
  """
  kinds = r"(?:jsonl|json|parquet|csv|tsv)(?:\.gz|\.zst)?|zip"
  pattern = rf"(.+\.(?:{kinds})|.+[/\\*?\]]):([^/\\].*)"
  if match := re.fullmatch(pattern, source, re.DOTALL | re.IGNORECASE):
    return match.groups()
  return source, ""


def read(
  source: str, file: epath.Path, fields: Fields, counts: Counts
) -> Iterator[str]:
  """The documents of one file.

  Args:
    source: as it was given, for messages.
    file: of `file_search.find`.
    fields: which make a document; a .txt or .md file has none.
    counts: is told what was skipped.

  Raises:
    InputError: it cannot be read, is damaged, or lacks a field; names where.
  """
  with _told_of(source, file):
    for where, stream, ending in _opened(source, file):
      if ending in PLAIN:
        yield from _blocks(stream)
        continue
      read = _READERS[ending]
      for spot, record in read(where, stream, counts, fields.read):
        if (made := document(spot, record, fields, counts)) is not None:
          yield made


def first_record(source: str, file: epath.Path) -> Mapping | None:
  """The first record of a file.

  Args:
    source: as it was given, for messages.
    file: of `file_search.find`.

  Returns:
    None: it has none, as plain text has none.

  Raises:
    InputError: it cannot be read.
  """
  with _told_of(source, file):
    for where, stream, ending in _opened(source, file):
      if ending not in PLAIN:
        for _, record in _READERS[ending](where, stream, Counts(), None):
          return record if isinstance(record, Mapping) else None
  return None


@contextlib.contextmanager
def _told_of(source: str, file: epath.Path) -> Iterator[None]:
  """What goes wrong with a file is one line that names it."""
  try:
    yield
  except (*packing.DAMAGED, gzip.BadGzipFile) as error:
    raise InputError(f"{source}: {file.name} is damaged ({error})") from error
  except OSError as error:
    raise unreadable(source, error, file) from error


def _opened(source: str, file: epath.Path) -> Iterator[tuple[str, Any, str]]:
  """What a file holds: what to call it, its bytes, its ending."""
  where = f"{source}: {file.name}"
  ending, packed = packing.endings(file.name)
  with file.open("rb") as opened:
    if packed == ".zip":
      yield from _of_zip(where, opened)
    else:
      with packing.unpacked(opened, packed) as stream:
        yield where, stream, ending


def _of_zip(where: str, opened) -> Iterator[tuple[str, Any, str]]:
  archive, names = packing.members(opened)
  with archive:
    texts = [name for name in names if is_text(name)]
    if not texts:
      found = ", ".join(names[:3]) or "nothing"
      raise InputError(f"{where}: found {found} in it, expected text")
    for name in texts:
      ending, packed = packing.endings(name)
      if packed == ".zip":
        raise InputError(f"{where}: {name} is a zip in a zip; unpack it")
      with (
        archive.open(name) as member,
        packing.unpacked(member, packed) as stream,
      ):
        yield f"{where}/{name}", stream, ending


def _decoded(stream) -> io.TextIOWrapper:
  """By its mark, else UTF-8 with replacement: the filter counts the marks."""
  stream = io.BufferedReader(_Raw(stream), encoding.LOOKED_AT)
  name, mark = encoding.of(stream.peek(encoding.LOOKED_AT))
  stream.read(mark)
  return io.TextIOWrapper(stream, name, "replace", newline=None)


class _Raw(io.RawIOBase):
  """Bytes of whatever reads, as Python's own buffers want them."""

  def __init__(self, stream):
    self._stream = stream

  def readable(self) -> bool:
    return True

  def readinto(self, buffer) -> int:
    block = self._stream.read(len(buffer))
    buffer[: len(block)] = block
    return len(block)


def _blocks(stream) -> Iterator[str]:
  """A document a file, or a block of a long one, ended at a blank line."""
  text = _decoded(stream)
  held = ""
  while block := text.read(_BLOCK_CHARACTERS):
    held += block
    if len(held) > _BLOCK_CHARACTERS:
      end = _last_break(held)
      yield plain(held[:end])
      held = held[end:]
  yield plain(held)


def _last_break(text: str) -> int:
  for mark in ("\n\n", "\n", " "):
    if (at := text.rfind(mark)) > 0:
      return at + len(mark)
  return len(text)


def _read_json_lines(where, stream, counts, names) -> Iterator[Record]:
  del names
  lines = _decoded(stream)
  first = lines.readline(_LONGEST_LINE)
  if first.lstrip()[:1] == "[":
    yield from _records_of(where, first + lines.read())
    return
  number = 0
  while line := first or lines.readline(_LONGEST_LINE):
    first = ""
    number += 1
    if len(line) == _LONGEST_LINE and not line.endswith("\n"):
      while line and not line.endswith("\n"):
        line = lines.readline(_LONGEST_LINE)
      counts.lines_skipped += 1
    elif line.strip():
      spot = f"{where} line {number}"
      yield spot, _json(spot, line)


def _read_json(where, stream, counts, names) -> Iterator[Record]:
  """A list of records, an object that holds one, or a record a line."""
  text = _decoded(stream).read()
  try:
    json.loads(text)
  except ValueError:
    lines = io.BytesIO(text.encode("utf-8", "surrogatepass"))
    yield from _read_json_lines(where, lines, counts, names)
    return
  except RecursionError:
    pass
  yield from _records_of(where, text)


def _records_of(where: str, text: str) -> Iterator[Record]:
  whole = _json(where, text)
  if isinstance(whole, Mapping):
    lists = [whole[key] for key in _HOLDERS if isinstance(whole.get(key), list)]
    whole = lists[0] if lists else [whole]
  for number, record in enumerate(whole, 1):
    yield f"{where} record {number}", record


def _json(where: str, text: str):
  try:
    return json.loads(text)
  except (ValueError, RecursionError) as error:
    told = getattr(error, "msg", "nested too deeply, or a number too long")
    raise InputError(f"{where} is no JSON ({told})") from error


def _read_separated(where, stream, counts, names) -> Iterator[Record]:
  del counts, names
  text = _decoded(stream)
  head = text.read(_BLOCK_CHARACTERS)
  separator = table_text.separator(head, ",")
  lines = itertools.chain(io.StringIO(head + text.readline()), text)
  rows = csv.reader(lines, delimiter=separator)
  header = [name.strip() for name in next(rows, [])]
  last = rows.line_num
  for row in rows:
    spot, last = f"{where} line {last + 1}", rows.line_num
    if not row:
      continue
    if len(row) > len(header):
      raise InputError(
        f"{spot}: found {len(row)} values, expected the {len(header)} of the"
        " header; put text with separators in it into quotes"
      )
    yield spot, dict(itertools.zip_longest(header, row))


def document(where: str, record, fields: Fields, counts: Counts) -> str | None:
  """The document of a record.

  Args:
    where: the file and the record's place in it.
    record: field -> value.
    fields: which make a document.
    counts: is told of what has none.

  Returns:
    None: it has none, which is counted.

  Raises:
    InputError: it lacks a field, or one is no text.
  """
  if not isinstance(record, Mapping) or not record.keys() >= {*fields.names}:
    raise missing(where, record, fields.names)
  if fields.chat:
    turns = chats.turns_of(record[fields.chat])
    if turns is None:
      counts.not_chats += 1
      return None
    return chats.document(
      [turn._replace(content=plain(turn.content)) for turn in turns]
    )
  if any(record[name] is None for name in fields.names):
    counts.empty += 1
    return None
  for name in fields.read:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
      kind = type(value).__name__
      raise InputError(f"{where}: field {name!r} is {kind}, expected text")
  return fields.document(record)


def _read_parquet(where, stream, counts, names) -> Iterator[Record]:
  del counts
  import pyarrow
  from pyarrow import parquet

  with tempfile.TemporaryFile() as seekable:
    if not stream.seekable() or isinstance(stream, gzip.GzipFile):
      shutil.copyfileobj(stream, seekable)
      stream = seekable
    try:
      table = parquet.ParquetFile(stream)
      held = table.schema_arrow.names
      if names is not None and names[0] not in held:
        raise missing(where, dict.fromkeys(held), names)
      kept = held if names is None else [n for n in held if n in names]
      number = 0
      for batch in table.iter_batches(_ROWS_AT_ONCE, columns=kept):
        for record in batch.to_pylist():
          number += 1
          yield f"{where} row {number}", record
    except pyarrow.ArrowInvalid as error:
      told = str(error).splitlines()[0]
      raise InputError(f"{where} is no parquet file ({told})") from error


_READERS: dict[str, Reader] = {
  ".jsonl": _read_json_lines,
  ".ndjson": _read_json_lines,
  ".json": _read_json,
  ".csv": _read_separated,
  ".tsv": _read_separated,
  ".parquet": _read_parquet,
}
