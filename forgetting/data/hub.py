"""Fetches public checkpoints, and says what exactly they are."""

from collections.abc import Iterable
import hashlib
import json
import pathlib

from forgetting.config import InputError
from forgetting.config.errors import readable
from forgetting.config.pretrained import Pretrained
from forgetting.data import cache

SETTINGS = ("*.json", "tokenizer*", "README.md")  # all but the weights
WEIGHTS = ("*.safetensors",)
IDENTITY_VERSION = 1


def fetch(parent: Pretrained, *, weights: bool) -> pathlib.Path:
  """The folder of a checkpoint, fetched from the hub where it is not here.

  HF_HOME, HF_TOKEN and HF_HUB_OFFLINE are huggingface_hub's own.

  Args:
    parent: which.
    weights: whether those too; a dry run needs none.

  Returns:
    its folder.

  Raises:
    InputError: it cannot be had; the line says what to do.
  """
  try:
    folder = parent.folder
    if not weights or [*folder.glob("*.safetensors")] or not _of_hub(parent):
      return folder
  except InputError as error:
    if not hasattr(error, "parent"):
      raise
  _download(parent, (*SETTINGS, *(WEIGHTS if weights else ())))
  return parent.folder


def _of_hub(parent: Pretrained) -> bool:
  return not pathlib.Path(parent.path).expanduser().is_dir()


def _download(parent: Pretrained, patterns: Iterable[str]) -> None:
  try:
    import huggingface_hub
    from huggingface_hub import errors
  except ImportError:
    raise InputError(
      f"{parent.path}: is fetched by huggingface_hub; install"
      " 'forgetting[huggingface]', or give the path of a folder"
    ) from None
  try:
    huggingface_hub.snapshot_download(
      parent.path, revision=parent.revision, allow_patterns=[*patterns]
    )
  except errors.GatedRepoError as error:
    raise InputError(
      f"{parent.path}: is gated; accept its terms on the hub, then set HF_TOKEN"
    ) from error
  except errors.RepositoryNotFoundError as error:
    raise InputError(
      f"{parent.path}: no such model on the hub, or a private one (set"
      " HF_TOKEN), and no such folder here"
    ) from error
  except errors.RevisionNotFoundError as error:
    raise InputError(
      f"{parent.path}: found no revision {parent.revision!r} on the hub"
    ) from error
  except Exception as error:  # of whatever library carries it
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    raise InputError(
      f"{parent.path}: cannot be fetched from the hub ({reason}); give the path"
      " of a folder, or fetch it where there is a network and share HF_HOME"
    ) from error


def identity(parent: Pretrained) -> dict[str, str]:
  """What a checkpoint is: hashes of its content.

  Files are hashed once: their sizes and times tell whether they have changed.

  Args:
    parent: which; its weights are here.

  Returns:
    weights, config, tokenizer -> SHA-256.

  Raises:
    InputError: it is not here.
  """
  folder = parent.folder
  kinds = {
    "config": [folder / "config.json"],
    "tokenizer": sorted(folder.glob("tokenizer*")),
    "weights": sorted(folder.glob("*.safetensors")),
  }
  return {kind: _digest(files) for kind, files in kinds.items()}


def _digest(files: Iterable[pathlib.Path]) -> str:
  files = [*files]
  stats = [file.stat() for file in files]
  key = cache.key_of(
    *((str(f.resolve()), s.st_size, s.st_mtime_ns) for f, s in zip(
      files, stats, strict=True
    )),
    IDENTITY_VERSION,
  )  # fmt: skip
  known = cache.root() / "models" / f"{key}.json"
  if known.exists():
    return json.loads(known.read_text())["sha256"]
  whole = hashlib.sha256()
  for file in files:
    with readable(file), file.open("rb") as opened:
      digest = hashlib.file_digest(opened, "sha256").hexdigest()
    whole.update(f"{file.name} {digest}\n".encode())
  known.parent.mkdir(parents=True, exist_ok=True)
  known.write_text(json.dumps(dict(sha256=whole.hexdigest())))
  return whole.hexdigest()
