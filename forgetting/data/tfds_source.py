"""A TFDS data set named as a source, as in
`tfds:c4/en:3.1.0?split=train&field=text&data_dir=gs://bucket/folder`.

The text goes through our own filter and split: `split` says what to read. With
`stream:` in place of `tfds:` it is read while it trains and never stored; then
the data set's own split `validation` is what losses are measured on.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import functools
import hashlib
import json
import os
import re

from etils import epath
from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import silence
from forgetting.data.fields import Fields

_PREFIX, _STREAM = "tfds:", "stream:"
_BARE = re.compile(r"[a-z]\w*(/[\w.-]+)?:\d+\.\d+\.\d+(\?.*)?")
_OPTIONS = ("data_dir", "split", "field")
_VALIDATION = "validation"
_VALIDATION_DOCUMENTS = 2000  # of a streamed data set
_PART = re.compile(r"(\w+)(?:\[(-?\d*%?:-?\d*%?)\])?")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclasses.dataclass(frozen=True)
class TfdsSource:
  """A prepared data set in a folder.

  Attributes:
    name: data set, and its config if it has one.
    folder: of this version: data_dir/name/version.
    split: what to read, as in "train[:10%]".
    field: that holds the text, or prompt->response as of files.
    data_dir: where data sets are, local or in a bucket.
    validation: of a streamed data set what to measure on; else None.
  """

  name: str
  folder: epath.Path
  split: str
  field: str
  data_dir: str
  validation: str | None = None

  @property
  def full_name(self) -> str:
    """Data set, config and version, as in "c4/en:3.1.0"."""
    return f"{self.name}:{self.folder.name}"

  @property
  def version(self) -> str:
    """Name, version and a hash of what the data set says of itself."""
    told = (self.folder / "dataset_info.json").read_bytes()
    digest = hashlib.sha256(told).hexdigest()
    return f"{self.full_name} info sha256:{digest}"

  def texts(self, progress: Progress) -> Iterator[str]:
    """The documents that are stored: all, or those to measure on.

    Args:
      progress: a display, which rests while TensorFlow is imported.

    Raises:
      InputError: it has no such field or split.
    """
    self.check()
    split = self.split
    if self.validation is not None:
      split = self._first_of(self.validation)
    with silence.at_rest(progress):
      from forgetting.data import tensorflow
    records = tensorflow.tfds_records(
      self.full_name, self.data_dir, split=split, fields=self.fields.names
    )
    return map(self.fields.document, records)

  @property
  def fields(self) -> Fields:
    """Which features of a record make a document."""
    return Fields.parse(self.field)

  def check(self) -> None:
    """Refuses a data set without such a field or split.

    Raises:
      InputError: it has none; or a stream would be measured on training text.
    """
    self._check_field()
    train = self._documents(self.split)
    if self.validation is None:
      return
    for name, ours in self._documents(self.validation):
      for other, theirs in train:
        first, last = max(ours.start, theirs.start), min(ours.stop, theirs.stop)
        if name == other and first < last:
          raise InputError(
            f"stream:{self.name}: found validation {self.validation!r} inside"
            f" split {self.split!r}, expected other documents: give both, as in"
            " ?split=train[:99%]&validation=train[99%:]"
          )

  def _documents(self, told: str) -> list[tuple[str, range]]:
    """The parts of a split: of which stored split, which documents."""
    parts = []
    for part in told.split("+"):
      found = _PART.fullmatch(part)
      if not found:
        raise InputError(
          f"tfds:{self.name}: found split {part!r}, expected as in train,"
          " train[:10%] or train[100:200]"
        )
      name, ends, *_ = found.groups()
      if name not in self._sizes:
        raise InputError(
          f"tfds:{self.name}: no split {name!r}: found {', '.join(self._sizes)}"
        )
      size = self._sizes[name]
      first, last = (ends or ":").split(":")
      parts.append(
        (name, range(_position(first, size, 0), _position(last, size, size)))
      )
    return parts

  def _first_of(self, split: str) -> str:
    """The split, or so many of its first documents as are measured on."""
    size = self._sizes.get(split, 0)  # 0: a slice or a sum, taken as it is
    if size <= _VALIDATION_DOCUMENTS:
      return split
    return f"{split}[:{_VALIDATION_DOCUMENTS}]"

  @functools.cached_property
  def _sizes(self) -> dict[str, int]:
    """Documents of each split."""
    info = json.loads((self.folder / "dataset_info.json").read_text())
    return {
      split["name"]: sum(map(int, split["shardLengths"]))
      for split in info["splits"]
    }

  def _check_field(self) -> None:
    told = json.loads((self.folder / "features.json").read_text())
    features = told.get("featuresDict", {}).get("features", {})
    if self.fields.prompt and self.validation is not None:
      raise InputError(
        f"stream:{self.name}: found prompts {self.field!r}, expected one field:"
        " prompts are prepared, write tfds: in place of stream:"
      )
    for field in self.fields.names:
      if field not in features:
        raise InputError(
          f"tfds:{self.name}: no field {field!r}: found {', '.join(features)}"
        )
      kind = features[field].get("pythonClassName", "").rsplit(".", 1)[-1]
      if kind != "Text":
        raise InputError(
          f"tfds:{self.name}: field {field!r} is {kind}, expected Text"
        )


def _position(told: str, size: int, default: int) -> int:
  """A position in a split as TFDS reads it: a number or a percentage."""
  if not told:
    return default
  percent = told.endswith("%")
  number = int(told.rstrip("%"))
  position = round(number * size / 100) if percent else number
  return min(max(position + size if number < 0 else position, 0), size)


def is_one(source: str) -> bool:
  """Whether a source names a TFDS data set: by a prefix or by its version.

  Args:
    source: as a config or the command line gives it.
  """
  if os.path.exists(source):
    return False
  if source.startswith((_PREFIX, _STREAM)):
    return True
  return bool(_BARE.fullmatch(source))


def is_streamed(source: str) -> bool:
  """Whether the text of a source is read while it trains.

  Args:
    source: as a config or the command line gives it.
  """
  return source.startswith(_STREAM)


def parse(source: str) -> TfdsSource:
  """Reads a source; a version that is not given is the newest there.

  Args:
    source: as in "tfds:c4/en:3.1.0?split=train[:1%]".

  Raises:
    InputError: an unknown option, or no such data set in the folder.
  """
  bare = source.removeprefix(_STREAM).removeprefix(_PREFIX)
  full_name, _, told = bare.partition("?")
  parts = [part for part in told.split("&") if part]
  for part in parts:
    if "=" not in part:
      raise InputError(
        f"{source}: found {part!r} after the ?, expected as in split={part}"
      )
  options = dict(part.split("=", 1) for part in parts)
  known = (*_OPTIONS, _VALIDATION) if is_streamed(source) else _OPTIONS
  for option in options:
    if option not in known:
      raise InputError(f"{source}: found {option}, expected {', '.join(known)}")
  data_dir = options.get("data_dir") or os.environ.get(
    "TFDS_DATA_DIR", "~/tensorflow_datasets"
  )
  data_dir = os.path.expanduser(data_dir)
  name, _, version = full_name.partition(":")
  place = epath.Path(data_dir) / name
  folder = place / version if version else _newest(place)
  if folder is None or not (folder / "dataset_info.json").exists():
    raise InputError(
      f"{source}: no data set {full_name!r} in {data_dir}; prepare it with"
      " tensorflow-datasets, or name its folder as ?data_dir="
    )
  validation = None
  if is_streamed(source):
    validation = options.get(_VALIDATION, _VALIDATION)
  return TfdsSource(
    name=name,
    folder=folder,
    split=options.get("split", "train"),
    field=options.get("field", "text"),
    data_dir=data_dir,
    validation=validation,
  )


def _newest(place: epath.Path) -> epath.Path | None:
  """The folder of the highest version."""
  if not place.exists():
    return None
  found = [p for p in place.iterdir() if _VERSION.fullmatch(p.name)]
  return max(found, key=_parts, default=None)


def _parts(folder: epath.Path) -> list[int]:
  return [int(part) for part in folder.name.split(".")]
