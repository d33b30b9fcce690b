"""A public checkpoint as a parent: a folder, or an id of the hub."""

import dataclasses
import functools
import os
import pathlib
import re

from forgetting.config import config_json
from forgetting.config.checks import Config, check
from forgetting.config.errors import InputError, readable
from forgetting.config.model import Dtype, Remat
from forgetting.config.transformer import PublicModel, Transformer

HUB_ID = r"[\w-][\w.-]*(/[\w.-]+)?"
TOKENIZER = "model:"  # before the checkpoint, in the name of its tokenizer


class NotFetched(InputError):
  """A checkpoint of the hub that is not in this machine's cache.

  Attributes:
    parent: which.
  """

  def __init__(self, parent: "Pretrained"):
    super().__init__(
      f"{parent.path}: is no folder and not in the cache of the hub; expected"
      " the folder of a checkpoint, or its id and a network"
    )
    self.parent = parent


@dataclasses.dataclass(frozen=True)
class Pretrained(Config):
  """A model that others pretrained, in the files of transformers.

  What it is is its content: the hash of its files is recorded with every run
  that starts from it. Nothing is read before it is asked for.

  Attributes:
    path: of a folder with config.json, safetensors and a tokenizer; or an id
      of the Hugging Face hub.
    revision: of the hub: a branch, a tag or a commit.
  """

  path: str
  revision: str | None = None

  def _check(self) -> None:
    check(bool(self.path), "Pretrained.path", self.path, "a folder or an id")
    check(
      not self.path.endswith(".gguf"),
      "Pretrained.path",
      self.path,
      "a folder: `forgetting data convert` makes one of a .gguf file",
    )

  @property
  def word(self) -> str:
    """Its name in the names of runs."""
    last = os.path.basename(self.path.rstrip("/\\"))
    return re.sub(r"[^A-Za-z0-9.]+", "_", last).strip("_").lower() or "model"

  @property
  def tokenizer(self) -> str:
    """What `Run.tokenizer` calls its tokenizer."""
    return f"{TOKENIZER}{self.path}" + (
      f"@{self.revision}" if self.revision else ""
    )

  @classmethod
  def of_tokenizer(cls, name: str) -> "Pretrained | None":
    """The checkpoint whose tokenizer a name means, if it is one's.

    Args:
      name: as `tokenizer` gives it.
    """
    if not name.startswith(TOKENIZER):
      return None
    path, _, revision = name.removeprefix(TOKENIZER).partition("@")
    return cls(path, revision or None)

  @property
  def folder(self) -> pathlib.Path:
    """Where its files are.

    Raises:
      InputError: no such folder.
      NotFetched: an id of the hub whose files are not on this machine.
    """
    path = pathlib.Path(os.path.expanduser(self.path))
    if path.is_dir():
      return path
    if not re.fullmatch(HUB_ID, self.path) or self.path.startswith("."):
      raise InputError(f"{self.path}: no such folder, expected a checkpoint's")
    found = _in_cache(self.path, self.revision or "main")
    if found is None:
      raise NotFetched(self)
    return found

  def architecture(self) -> Transformer:
    """What its config.json describes.

    Raises:
      InputError: there is none, or what it says is not understood.
    """
    return _architecture(self.folder / "config.json")

  def model(
    self, *, context: int, dtype: Dtype = "float32", remat: Remat = "none"
  ) -> PublicModel:
    """The model of runs that start from it.

    Args:
      context: tokens a sequence.
      dtype, remat: as of `Model`.

    Raises:
      InputError: as `architecture`, or a context longer than it has.
    """
    return PublicModel.of(
      self.architecture(), context=context, dtype=dtype, remat=remat
    )


@functools.cache  # a study makes hundreds of runs from one
def _architecture(file: pathlib.Path) -> Transformer:
  try:
    with readable(file):
      text = file.read_text()
  except UnicodeDecodeError as error:
    raise InputError(f"{file}: is no JSON ({error})") from error
  except FileNotFoundError:
    raise InputError(
      f"{file}: no such file, expected the config.json of a checkpoint"
    ) from None
  return config_json.read(text, where=str(file))


def hub_cache() -> pathlib.Path:
  """Where the Hugging Face libraries keep what they fetch."""
  if own := os.environ.get("HF_HUB_CACHE"):
    return pathlib.Path(own)
  caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
  home = os.environ.get("HF_HOME") or os.path.join(caches, "huggingface")
  return pathlib.Path(os.path.expanduser(home)) / "hub"


def _in_cache(name: str, revision: str) -> pathlib.Path | None:
  """The snapshot of a revision, if its config.json is there."""
  kept = hub_cache() / f"models--{name.replace('/', '--')}"
  reference = kept / "refs" / revision
  commit = reference.read_text().strip() if reference.is_file() else revision
  folder = kept / "snapshots" / commit
  return folder if (folder / "config.json").exists() else None
