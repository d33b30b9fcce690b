"""What a language model makes of tasks' and examples' text: frozen states."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

from forgetting.associations.logit_heads import Tokens
from forgetting.config import InputError

POOLINGS = ("mean", "last")  # over a text's tokens; the state at its last one
CHUNKS = 8  # of a task's training text


@dataclasses.dataclass(frozen=True, eq=False)
class States:
  """Hidden states after the last norm, pooled as `POOLINGS` has it.

  Attributes:
    encoder: the model, for people.
    examples: [N, 2, H], of each example.
    tasks: [M, `CHUNKS`, 2, H], of some texts of each task; repeated where a
      task has fewer.
    logit: [M, N] nats per token, the fixed-logit forecast; None where the
      fine-tuned models are not at hand.
    tokens: of single tokens, for the trainable logit; kept in no file.
  """

  encoder: str
  examples: np.ndarray
  tasks: np.ndarray
  logit: np.ndarray | None = None
  tokens: Tokens | None = None

  def __post_init__(self):
    expected = (len(POOLINGS), self.examples.shape[-1])
    for name, found in (("examples", self.examples), ("tasks", self.tasks)):
      if found.shape[-2:] != expected:
        raise InputError(
          f"states of the {name}: found shape {found.shape}, expected it to end"
          f" in {expected}: poolings and width"
        )
      if not np.isfinite(found).all():
        raise InputError(
          f"states of the {name}: found NaN or infinities of {self.encoder},"
          " expected numbers"
        )

  def of(self, pooling: str) -> tuple[np.ndarray, np.ndarray]:
    """States of one pooling, in units of the examples' deviations.

    Args:
      pooling: of `POOLINGS`.

    Returns:
      float64 [N, H] and [M, `CHUNKS`, H]; channels have mean 0 and deviation
      1 over the examples.
    """
    at = POOLINGS.index(pooling)
    examples = self.examples[:, at].astype(np.float64)
    tasks = self.tasks[:, :, at].astype(np.float64)
    mean, spread = examples.mean(0), examples.std(0)
    spread[spread == 0] = 1
    return (examples - mean) / spread, (tasks - mean) / spread


def spread_evenly(count: int) -> np.ndarray:
  """Which `CHUNKS` of a task's texts are read, in their order.

  Args:
    count: texts that there are, one or more.

  Returns:
    int64 [`CHUNKS`].
  """
  return np.arange(CHUNKS) * count // CHUNKS


def save(states: States, path: pathlib.Path, *, key: str) -> None:
  """Keeps states in a file.

  Args:
    states: to be kept.
    path: of the npz.
    key: says what they are of: `read` gives them back for no other.
  """
  path.parent.mkdir(parents=True, exist_ok=True)
  with path.open("wb") as file:
    np.savez(
      file,
      key=key,
      encoder=states.encoder,
      examples=states.examples,
      tasks=states.tasks,
      **({} if states.logit is None else {"logit": states.logit}),
    )


def read(path: pathlib.Path, *, key: str) -> States | None:
  """States as they were saved; None where there are none of that key.

  Args:
    path: of the npz.
    key: as given to `save`.
  """
  try:
    with path.open("rb") as file, np.load(file) as kept:
      if str(kept["key"]) != key:
        return None
      arrays = dict(kept)
      return States(
        str(arrays["encoder"]),
        arrays["examples"],
        arrays["tasks"],
        arrays.get("logit"),
      )
  except (OSError, ValueError, KeyError, EOFError):
    return None
