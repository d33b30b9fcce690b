"""A TFDS data set named as a source, as in
`tfds:c4/en:3.1.0?split=train&field=text&data_dir=gs://bucket/folder`.

The text goes through our own filter and split: `split` says what to read.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import hashlib
import json
import os
import re

from etils import epath
from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import silence

_PREFIX = "tfds:"
_BARE = re.compile(r"[a-z]\w*(/[\w.-]+)?:\d+\.\d+\.\d+(\?.*)?")
_OPTIONS = ("data_dir", "split", "field")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclasses.dataclass(frozen=True)
class TfdsSource:
  """A prepared data set in a folder.

  Attributes:
    name: data set, and its config if it has one.
    folder: of this version: data_dir/name/version.
    split: what to read, as in "train[:10%]".
    field: that holds the text.
    data_dir: where data sets are, local or in a bucket.
  """

  name: str
  folder: epath.Path
  split: str
  field: str
  data_dir: str

  @property
  def version(self) -> str:
    """Name, version and a hash of what the data set says of itself."""
    told = (self.folder / "dataset_info.json").read_bytes()
    digest = hashlib.sha256(told).hexdigest()
    return f"{self.name}:{self.folder.name} info sha256:{digest}"

  def texts(self, progress: Progress) -> Iterator[str]:
    """The documents.

    Raises:
      InputError: it has no such field or split.
    """
    self._check_split()
    self._check_field()
    tasks = silence.import_tasks(progress)
    return tasks.tfds_texts(
      f"{self.name}:{self.folder.name}",
      self.data_dir,
      split=self.split,
      field=self.field,
    )

  def _check_split(self) -> None:
    info = json.loads((self.folder / "dataset_info.json").read_text())
    splits = [split["name"] for split in info["splits"]]
    for part in self.split.split("+"):
      if part.partition("[")[0] not in splits:
        raise InputError(
          f"tfds:{self.name}: no split {part!r}: found {', '.join(splits)}"
        )

  def _check_field(self) -> None:
    told = json.loads((self.folder / "features.json").read_text())
    fields = list(told.get("featuresDict", {}).get("features", {}))
    if self.field not in fields:
      raise InputError(
        f"tfds:{self.name}: no field {self.field!r}: found {', '.join(fields)}"
      )


def is_one(source: str) -> bool:
  """Whether a source names a TFDS data set: by "tfds:" or by its version."""
  if os.path.exists(source):
    return False
  return source.startswith(_PREFIX) or bool(_BARE.fullmatch(source))


def parse(source: str) -> TfdsSource:
  """Reads a source; a version that is not given is the newest there.

  Raises:
    InputError: an unknown option, or no such data set in the folder.
  """
  full_name, _, told = source.removeprefix(_PREFIX).partition("?")
  options = dict(part.split("=", 1) for part in told.split("&") if "=" in part)
  for option in options:
    if option not in _OPTIONS:
      raise InputError(
        f"{source}: found {option}, expected {', '.join(_OPTIONS)}"
      )
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
  return TfdsSource(
    name=name,
    folder=folder,
    split=options.get("split", "train"),
    field=options.get("field", "text"),
    data_dir=data_dir,
  )


def _newest(place: epath.Path) -> epath.Path | None:
  """The folder of the highest version."""
  if not place.exists():
    return None
  found = [p for p in place.iterdir() if _VERSION.fullmatch(p.name)]
  return max(found, key=_parts, default=None)


def _parts(folder: epath.Path) -> list[int]:
  return [int(part) for part in folder.name.split(".")]
