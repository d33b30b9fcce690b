"""A data set of the Hugging Face hub as a source, or one that lies in a folder:
`hf:org/name@revision:config?split=train&field=text`.

Read through the `datasets` library, with its cache (`HF_HOME`), its tokens
(`HF_TOKEN`) and its offline mode (`HF_HUB_OFFLINE`). A folder that it saved is
read by its path alone, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import contextlib
import dataclasses
import os
import re
from typing import Any

from forgetting.config import InputError
from forgetting.data import cache, silence, text_files
from forgetting.data.documents import Counts
from forgetting.data.fields import TEXT, Fields, missing

PREFIX = "hf:"
_SAVED = ("dataset_dict.json", "state.json")  # in a folder that was saved
_OPTIONS = ("split", "field", "stream")
_NAME = re.compile(
  r"(?P<path>[^@:?]+)(?:@(?P<revision>[^:?]+))?(?::(?P<config>[^?]+))?"
)
_EXPECTED = "hf:org/name@revision:config?split=train&field=text"


@dataclasses.dataclass(frozen=True)
class HubSource:
  """A data set, and what of it is read.

  Attributes:
    source: as it was given.
    path: org/name, or a folder.
    revision, config: "" is its own.
    split: as `datasets` reads it, as in "train[:10%]".
    field: what is said of the fields; "" looks at the first record.
    stream: whether it is read from the hub without being kept there.
  """

  source: str
  path: str
  revision: str = ""
  config: str = ""
  split: str = "train"
  field: str = ""
  stream: bool = False

  @property
  def is_local(self) -> bool:
    """Whether it is a folder of this machine."""
    return os.path.isdir(os.path.expanduser(self.path))

  @property
  def commit(self) -> str:
    """The version that is read: of the hub a commit, remembered once known.

    Raises:
      InputError: it cannot be asked for, and was never known.
    """
    if self.is_local:
      return _state(os.path.expanduser(self.path))
    key = cache.key_of(self.path, self.revision)
    note = cache.root() / "hubs" / f"{self.path.replace('/', '--')}-{key}"
    if note.exists():
      return note.read_text()
    with _told(self):
      import huggingface_hub

      api = huggingface_hub.HfApi()
      found = api.dataset_info(self.path, revision=self.revision or None).sha
    with cache.scratch(note.parent, note.name) as work:
      (work / "note").write_text(found)
      os.replace(work / "note", note)
    return found

  def fields(self) -> Fields:
    """Which fields make a document.

    Raises:
      InputError: it cannot be read, or has no fields that are known.
    """
    if "->" in self.field:
      return Fields.parse(self.field)
    record = next(iter(self._records(stream=True)), None)
    if record is None:
      raise InputError(f"{self.source}: split {self.split} has no records")
    known = Fields.known(record, self.field)
    if known is None or not record.keys() >= {*known.names}:
      names = known.names if known else [TEXT]
      found = ", ".join(record)
      name = self.source.split("?")[0]
      raise InputError(
        f"{self.source} has no field {names[0]!r}: found {found}; name it as"
        f" {name}?split={self.split}&field={next(iter(record))}"
      )
    return known

  def documents(self, fields: Fields, counts: Counts) -> Iterator[str]:
    """Its documents, in the data set's order.

    Args:
      fields: which make one.
      counts: is told what was skipped.
    """
    for number, record in enumerate(self._records(stream=self.stream), 1):
      if not record.keys() >= {*fields.names}:
        raise missing(self.source, record, fields.names)
      where = f"{self.source} record {number}"
      document = text_files.document(where, record, fields, counts)
      if document is not None:
        yield document

  def _records(self, *, stream: bool) -> Iterator[Mapping[str, Any]]:
    with _told(self), silence.standard_error():
      import datasets

      datasets.disable_progress_bars()
      found = self._opened(datasets, stream=stream)
    rows = iter(found)
    while True:
      with _told(self):
        row = next(rows, None)
      if row is None:
        return
      yield row

  def _opened(self, datasets, *, stream: bool):
    path = os.path.expanduser(self.path)
    if is_saved(path):
      found = datasets.load_from_disk(path)
      if not isinstance(found, datasets.DatasetDict):
        return found
      if self.split not in found:
        raise ValueError(f"Unknown split {self.split!r}, has {[*found]}")
      return found[self.split]
    whole = "[" not in self.split  # parts are not read as a stream
    return datasets.load_dataset(
      path if self.is_local else self.path,
      self.config or None,
      split=self.split,
      revision=None if self.is_local else self.commit,
      streaming=stream and whole,
    )


def is_saved(path: str) -> bool:
  """Whether the `datasets` library saved a folder.

  Args:
    path: of a folder that need not be there.
  """
  return any(os.path.isfile(os.path.join(path, name)) for name in _SAVED)


def is_one(source: str) -> bool:
  """Whether a source is a data set of the hub, or a folder of one.

  Args:
    source: as a config or the command line gives it.
  """
  return source.startswith(PREFIX) or is_saved(
    os.path.expanduser(source.split("?")[0])
  )


def parse(source: str) -> HubSource:
  """Takes such a source apart.

  Raises:
    InputError: an option that there is not, or no name.
  """
  name, _, told = source.removeprefix(PREFIX).partition("?")
  match = _NAME.fullmatch(name)
  if match is None:
    raise InputError(f"{source}: found {name!r}, expected {_EXPECTED}")
  options = {}
  for part in filter(None, told.split("&")):
    option, _, value = part.partition("=")
    if option not in _OPTIONS or not value:
      raise InputError(
        f"{source}: found {part!r}, expected {', '.join(_OPTIONS)} as in"
        f" {_EXPECTED}"
      )
    options[option] = value
  parts = {k: v or "" for k, v in match.groupdict().items()}
  stream = options.pop("stream", "no") in ("yes", "true", "1")
  return HubSource(source, **parts, **options, stream=stream)


def _state(folder: str) -> str:
  """Places, sizes and dates of all files of a folder, as a hash."""
  parts = []
  for place, _, names in sorted(os.walk(folder)):
    for name in sorted(names):
      stat = os.stat(os.path.join(place, name))
      parts.append(f"{place}/{name} {stat.st_size} {stat.st_mtime_ns}")
  return cache.key_of(*parts)


@contextlib.contextmanager
def _told(found: HubSource) -> Iterator[None]:
  """What the libraries raise, as one line that says what to do."""
  try:
    yield
  except ImportError as error:
    raise InputError(
      f"{found.source}: data sets of Hugging Face are read by the package"
      " datasets; pip install forgetting[huggingface]"
    ) from error
  except InputError:
    raise
  except Exception as error:  # each of the libraries has its own kinds
    line = " ".join(str(error).split())[:300]
    raise InputError(f"{found.source}: {_advice(error, line)}") from error


def _advice(error: Exception, line: str) -> str:
  names = {kind.__name__ for kind in type(error).__mro__}
  text = f"{' '.join(names)} {line}".lower()
  if "gated" in text or "401" in text or "403" in text:
    return (
      "is gated, private or not there; ask for access on its page, then `hf"
      f" auth login` or set HF_TOKEN ({line})"
    )
  if "offline" in text:
    return f"is not in the cache, and offline mode is on ({line})"
  if "notfound" in text or "doesn't exist" in text or "404" in text:
    return (
      f"found no such data set, revision or file, expected {_EXPECTED} ({line})"
    )
  if "connect" in text or "timeout" in text or "resolve" in text:
    return (
      "cannot be reached; without a network set HF_HUB_OFFLINE=1 to read what"
      f" HF_HOME has ({line})"
    )
  if "split" in text:
    return f"has no such split: {line}; name one as ?split=NAME"
  if "config" in text:
    return f"needs a config: {line}; name one as hf:org/name:CONFIG"
  return line
