"""A run directory that another process writes."""

from collections.abc import Mapping

from forgetting.config import Run
from forgetting.records import RunDirectory


class Followed(RunDirectory):
  """For every process of a run but the first: reads and never writes.

  Each method that writes in a `RunDirectory` does nothing here: the first
  process does it.
  """

  def create(
    self,
    run: Run,
    *,
    text: Mapping[str, str] | None = None,
    parent: Mapping[str, str] | None = None,
  ) -> None:
    """Nothing: the first process has written the config, or refused it."""

  def begin_attempt(self) -> int:
    """Notes nothing; the first process knows how many attempts there were."""
    return 0

  def append(self, record: Mapping) -> None:
    """Nothing: every process measures the same."""

  def keep_records_before(self, step: int) -> list[dict]:
    """The records that a resume at a step keeps; the file stays as it is."""
    return [r for r in self.records() if r["step"] < step]

  def remove_checkpoints(self) -> None:
    """Nothing: the first process removes them."""

  def write_result(self, result: Mapping) -> None:
    """Nothing: the first process writes it."""

  def _write_arrays(self, name: str, columns: Mapping) -> None:
    pass
