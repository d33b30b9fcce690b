"""What a verb needs that a light install does not have."""

import importlib.util

from forgetting.config import InputError

# packages of the extra `train`, by the names that are imported
TRAIN = (
  "flax", "jax", "jaxlib", "optax", "orbax", "sentencepiece", "seqio",
  "tensorflow", "tensorflow_datasets", "tensorflow_text", "unearth",
)  # fmt: skip


def line(error: ModuleNotFoundError) -> str | None:
  """Says what to install, where that is why a module was not found.

  Args:
    error: of an import.

  Returns:
    one line; None: it is no module of the extras.
  """
  name = (error.name or "").partition(".")[0]
  if name == "scipy":
    return (
      "found no scipy, expected it for which examples are forgotten: pip"
      " install 'forgetting[associations]'"
    )
  return _needs(name) if name in TRAIN else None


def training() -> None:
  """Makes sure that what trains is here, before anything is done.

  Raises:
    InputError: it is not; the line says what to install.
  """
  if importlib.util.find_spec("jax") is None:
    raise InputError(_needs("jax"))


def _needs(name: str) -> str:
  return (
    f"found no {name}, expected it for what trains or prepares text: pip"
    " install 'forgetting[train]'; tables, laws, advice and pages need none"
  )
