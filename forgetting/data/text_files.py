"""Text in files of the user: found, fingerprinted, read as documents.

Plain text, JSON lines and parquet, each also as .gz or .zst, on a local disk
or in a bucket. Nothing is ever held whole: a document of a plain text file is
at most about a megabyte, and is cut further down the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import dataclasses
import glob
import gzip
import io
import json
import os
import re
import shutil
import tempfile
import zlib

from etils import epath

from forgetting.config import InputError
from forgetting.data.documents import RESPONSE, Counts

KINDS = (".txt", ".jsonl", ".parquet")
_PACKINGS = ("", ".gz", ".zst")
_ENDINGS = tuple(kind + packing for kind in KINDS for packing in _PACKINGS)
EXPECTED = "text as .txt, .jsonl or .parquet (or .gz, .zst of these)"

_BLOCK_CHARACTERS = 1 << 20  # of a plain text file, read at a time
_LONGEST_LINE = 1 << 26  # characters of a JSON line; a longer one is skipped
_ROWS_AT_ONCE = 512
_DEFAULT_TEMPLATE = "{prompt}\n{response}"


@dataclasses.dataclass(frozen=True)
class Fields:
  """Which fields of a record make a document.

  Attributes:
    text: the field that is the document, or
    prompt, response: two fields that go into `template`; tokens before the
      response carry no loss.
    template: with {prompt} and {response}, in this order.
  """

  text: str = "text"
  prompt: str | None = None
  response: str | None = None
  template: str = _DEFAULT_TEMPLATE

  @classmethod
  def parse(cls, told: str) -> Fields:
    r"""Reads `field`, `prompt->response` or `prompt->response:template`.

    Args:
      told: what is said of the fields; "\n" in a template ends a line.

    Raises:
      InputError: a template without its two braces.
    """
    prompt, arrow, rest = told.partition("->")
    if not arrow:
      return cls(text=told)
    response, _, template = rest.partition(":")
    template = template.replace("\\n", "\n") or _DEFAULT_TEMPLATE
    braces = re.findall(r"\{[^{}]*\}|[{}]", template)
    if braces != ["{prompt}", "{response}"]:
      raise InputError(
        f"template: found {template!r}, expected {{prompt}} and then"
        " {response}, once each"
      )
    if not prompt or not response:
      raise InputError(
        f"fields: found {told!r}, expected two names as in question->answer"
      )
    return cls(prompt=prompt, response=response, template=template)

  @property
  def names(self) -> list[str]:
    """The fields of a record that are read."""
    return [self.prompt, self.response] if self.prompt else [self.text]

  def document(self, record: dict[str, str]) -> str:
    """The document that a record makes, with a mark before a response.

    Args:
      record: field -> text.
    """
    if not self.prompt:
      return _plain(record[self.text])
    before, after = self.template.split("{response}")
    prompt = before.replace("{prompt}", _plain(record[self.prompt]))
    return prompt + RESPONSE + _plain(record[self.response]) + after


def _plain(text: str) -> str:
  """Text with a blank for the mark that separates prompts from responses."""
  return text.replace(RESPONSE, " ")


def split_source(source: str) -> tuple[str, str]:
  """Takes a source of text apart.

  Args:
    source: a path, and after a colon what is said of its fields.

  Returns:
    the path, and what is said of its fields or "".
  """
  pattern = r"(.+\.(?:jsonl|parquet)(?:\.gz|\.zst)?|.+[/\\*?\]]):([^/\\].*)"
  if match := re.fullmatch(pattern, source, re.DOTALL):
    return match.groups()
  return source, ""


def find(source: str, path: str) -> list[epath.Path]:
  """The text files at a path: a file, a folder or a glob, sorted.

  Args:
    source: as it was given, for messages.
    path: of `split_source`.

  Raises:
    InputError: there are none.
  """
  path = os.path.expanduser(path)
  try:
    found = list(_candidates(path))
  except Exception as error:
    if "://" not in path and not isinstance(error, OSError):
      raise
    # The clients of buckets have errors of their own kinds.
    raise unreadable(source, error) from error
  files = sorted(p for p in found if p.name.endswith(_ENDINGS))
  if files:
    return files
  if not found and not epath.Path(path).exists():
    raise InputError(f"{source}: no such file or folder; expected {EXPECTED}")
  raise InputError(f"{source}: found {len(found)} files and none is {EXPECTED}")


def _candidates(path: str) -> Iterator[epath.Path]:
  place = epath.Path(path)
  if place.is_dir():
    yield from _below(place)
  elif place.exists():
    yield place
  elif glob.has_magic(path) and "://" not in path:
    found = map(epath.Path, glob.iglob(path, recursive=True))
    yield from (p for p in found if p.is_file())
  elif glob.has_magic(path):
    parts = path.split("/")
    first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    found = epath.Path("/".join(parts[:first])).glob("/".join(parts[first:]))
    yield from (p for p in found if not p.is_dir())


def _below(folder: epath.Path) -> Iterator[epath.Path]:
  for child in folder.iterdir():
    if child.is_dir():
      yield from _below(child)
    else:
      yield child


def read(
  source: str, file: epath.Path, fields: Fields, counts: Counts
) -> Iterator[str]:
  """The documents of one file.

  Args:
    source: as it was given, for messages.
    file: of `find`.
    fields: which make a document; a .txt file has none.
    counts: is told what was skipped.

  Raises:
    InputError: it cannot be read, is damaged, or lacks a field; names where.
  """
  ending, packing = kind(file)
  reader: Callable = {
    ".txt": _read_text,
    ".jsonl": _read_json_lines,
    ".parquet": _read_parquet,
  }[ending]
  where = f"{source}: {file.name}"
  try:
    with file.open("rb") as packed, _unpacked(packed, packing) as stream:
      yield from reader(where, stream, fields, counts)
  except (EOFError, zlib.error, gzip.BadGzipFile) as error:
    raise InputError(f"{where} is damaged ({error})") from error
  except OSError as error:
    raise unreadable(source, error, file) from error


def kind(file: epath.Path) -> tuple[str, str]:
  """What a file is by its name.

  Args:
    file: of `find`.

  Returns:
    its ending and its packing, as in (".jsonl", ".gz"); "" where it is not
    packed.
  """
  packing = file.suffix if file.suffix in _PACKINGS[1:] else ""
  return epath.Path(file.name.removesuffix(packing)).suffix, packing


def _unpacked(stream, packing: str):
  if packing == ".gz":
    return gzip.GzipFile(fileobj=stream)
  if packing == ".zst":
    import pyarrow

    return io.BufferedReader(
      pyarrow.CompressedInputStream(pyarrow.PythonFile(stream), "zstd")
    )
  return stream


def _decoded(stream) -> io.TextIOWrapper:
  """UTF-8 with replacement: the filter counts the marks."""
  return io.TextIOWrapper(stream, "utf-8-sig", "replace", newline=None)


def _read_text(where, stream, fields, counts) -> Iterator[str]:
  """A document a file, or a block of a long one, ended at a blank line."""
  del where, fields, counts
  text = _decoded(stream)
  held = ""
  while block := text.read(_BLOCK_CHARACTERS):
    held += block
    if len(held) > _BLOCK_CHARACTERS:
      end = _last_break(held)
      yield _plain(held[:end])
      held = held[end:]
  yield _plain(held)


def _last_break(text: str) -> int:
  for mark in ("\n\n", "\n", " "):
    if (at := text.rfind(mark)) > 0:
      return at + len(mark)
  return len(text)


def _read_json_lines(where, stream, fields, counts) -> Iterator[str]:
  lines = _decoded(stream)
  number = 0
  while line := lines.readline(_LONGEST_LINE):
    number += 1
    if len(line) == _LONGEST_LINE and not line.endswith("\n"):
      while line and not line.endswith("\n"):
        line = lines.readline(_LONGEST_LINE)
      counts.lines_skipped += 1
    elif line.strip():
      spot = f"{where} line {number}"
      yield fields.document(_checked(spot, _json(spot, line), fields))


def _json(where: str, line: str):
  try:
    return json.loads(line)
  except (ValueError, RecursionError) as error:
    told = getattr(error, "msg", "nested too deeply, or a number too long")
    raise InputError(f"{where} is no JSON ({told})") from error


def _checked(where: str, record, fields: Fields) -> dict[str, str]:
  for field in fields.names:
    if not isinstance(record, dict) or field not in record:
      found = ", ".join(record) if isinstance(record, dict) else "no object"
      raise InputError(
        f"{where} has no field {field!r}: found {found}; name the field as"
        " path.jsonl:field"
      )
    if not isinstance(record[field], str):
      kind = type(record[field]).__name__
      raise InputError(f"{where}: field {field!r} is {kind}, expected text")
  return record


def _read_parquet(where, stream, fields, counts) -> Iterator[str]:
  import pyarrow
  from pyarrow import parquet

  with tempfile.TemporaryFile() as seekable:
    if not stream.seekable() or isinstance(stream, gzip.GzipFile):
      shutil.copyfileobj(stream, seekable)
      stream = seekable
    try:
      table = parquet.ParquetFile(stream)
      _checked(where, dict.fromkeys(table.schema_arrow.names, ""), fields)
      batches = table.iter_batches(_ROWS_AT_ONCE, columns=fields.names)
      for number, record in enumerate(_records(batches), 1):
        if None in record.values():
          counts.empty += 1
        else:
          spot = f"{where} row {number}"
          yield fields.document(_checked(spot, record, fields))
    except pyarrow.ArrowInvalid as error:
      told = str(error).splitlines()[0]
      raise InputError(f"{where} is no parquet file ({told})") from error


def _records(batches) -> Iterator[dict]:
  for batch in batches:
    yield from batch.to_pylist()


def unreadable(
  source: str, error: Exception, file: epath.Path | None = None
) -> InputError:
  """What to say of a file that cannot be opened, listed or read.

  Args:
    source: as it was given.
    error: what was raised.
    file: which one, where the error does not say.
  """
  name = getattr(error, "filename", None) or file or source
  told = getattr(error, "strerror", None) or " ".join(str(error).split())
  return InputError(f"{source}: {name} cannot be read ({told})")
