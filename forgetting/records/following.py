"""A run directory that another process writes."""

from collections.abc import Mapping

from forgetting.config import Run
from forgetting.records import RunDirectory


class Followed(RunDirectory):
  """For every process of a run but the first: reads and never writes."""

  def create(self, run: Run, *, text: Mapping[str, str] | None = None) -> None:
    pass

  def begin_attempt(self) -> int:
    return 0

  def append(self, record: Mapping) -> None:
    pass

  def keep_records_before(self, step: int) -> list[dict]:
    return [r for r in self.records() if r["step"] < step]

  def _write_arrays(self, name: str, columns: Mapping) -> None:
    pass

  def remove_checkpoints(self) -> None:
    pass

  def write_result(self, result: Mapping) -> None:
    pass
