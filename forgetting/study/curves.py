"""A run's curve on its way from its records to a tracker, each step once."""

from collections.abc import Callable, Mapping
import contextlib
import json
import math
import secrets

from forgetting.config import Run, canonical
from forgetting.records import StudyDirectory, axes
from forgetting.records.tables import DRIFT
from forgetting.storage import claims, places
from forgetting.study.trackers import About, Curve

# of a record, by the names of the tables
POINT = (
  "pretrain_loss", "target_loss", "pretrain_bits_per_byte",
  "target_bits_per_byte", "tokens", "epoch", "lr",
)  # fmt: skip


class Sending:
  """One run's curve, sent as it grows.

  What was sent is noted in <run>/tracking/<tracker>/, which one process at a
  time claims: a step that is measured again, or a run that two studies follow,
  is sent once.
  """

  def __init__(
    self,
    study: StudyDirectory,
    run: Run,
    *,
    tracker: str,
    open_curve: Callable[[About], Curve],
  ):
    """Knows where the records are; opens nothing yet.

    Args:
      study: where the run's directory is.
      run: whose curve it is.
      tracker: its name.
      open_curve: of that tracker.
    """
    self._study, self._run = study, run
    self._directory = study.of(run)
    self._folder = self._directory.path / "tracking" / tracker
    self._open_curve = open_curve
    self._claim: claims.Claim | None = None
    self._curve: Curve | None = None

  def send(self) -> bool:
    """Sends what is new.

    Returns:
      whether the run is done and all of it is sent, by this process or
      another.

    Raises:
      Exception: the client's. What was not sent is sent by the next call.
    """
    if not self._directory.begun:
      return False
    result = self._directory.result()  # first: then its records are all there
    note = self._note()
    if note.get("ended"):
      return True
    records = self._directory.records()
    new = records and records[-1]["step"] > note.get("step", -1)
    if not new and not (result and records):
      return False
    try:
      return self._send(records, result)
    except claims.Held:
      return False  # whoever holds it sends what is new, or leaves it to us
    except BaseException:
      with contextlib.suppress(Exception):
        self.close()
      raise

  def _send(self, records: list[dict], result: Mapping) -> bool:
    if self._claim is None:
      places.make_folder(self._folder)
      self._claim = claims.take(self._folder, self._run.name)
    note = self._note()
    if self._curve is None:
      note.setdefault("id", f"{self._run.name}-{secrets.token_hex(4)}")
      self._curve = self._open_curve(self._about(note["id"]))
    curve = self._curve
    for record in records:
      if record["step"] > note.get("step", -1):
        point = self._point(record, records[0])
        note = self._noting(
          note, dict(step=record["step"]), curve.log, record["step"], point
        )
    if not result:
      return False
    last = result.get("best_step", records[-1]["step"])
    drift = {name: result[name] for name in DRIFT if name in result}
    self._noting(note, dict(ended=True), curve.end, last, _finite(drift))
    self.close()
    return True

  def _noting(
    self, note: dict, more: dict, send: Callable, step: int, values: dict
  ) -> dict:
    """Sends, and notes it before: what is cut off between is not sent twice."""
    self._write({**note, **more})
    try:
      send(step, values)
    except BaseException:
      self._write(note)
      raise
    return {**note, **more}

  def _note(self) -> dict:
    """What was sent: the curve's `id`, the last `step`, whether it `ended`."""
    try:
      return json.loads((self._folder / "sent.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
      return {}

  def _write(self, note: Mapping) -> None:
    places.write(self._folder / "sent.json", json.dumps(note).encode())

  def _about(self, identity: str) -> About:
    return About(
      id=identity,
      study=self._study.name,
      run=self._run.name,
      folder=self._directory.path,
      axes=axes(self._study.name, self._run),
      config=json.loads(canonical.to_json(self._run)),
    )

  def _point(self, record: Mapping, base: Mapping) -> dict[str, float]:
    """What of a record is sent, with what follows from it."""
    values = {name: record.get(name) for name in POINT}
    values["injected_tokens"] = record["tokens"] * self._run.injection
    loss, at_base = record.get("pretrain_loss"), base.get("pretrain_loss")
    if self._run.parent is not None and None not in (loss, at_base):
      values["forgetting"] = loss - at_base
    return _finite(values)

  def close(self) -> None:
    """Ends the curve for now, and lets another process send what comes."""
    curve, claim = self._curve, self._claim
    self._curve = self._claim = None
    try:
      if curve is not None:
        curve.close()
    finally:
      if claim is not None:
        claim.release()


def _finite(values: Mapping) -> dict[str, float]:
  return {
    name: float(value)
    for name, value in values.items()
    if value is not None and math.isfinite(value)
  }


def close_all(curves: list[Sending]) -> None:
  """Ends what is open; a client that fails now is no matter.

  Args:
    curves: of one tracker.
  """
  for curve in curves:
    with contextlib.suppress(Exception):
      curve.close()
