"""A run's curve is sent as it grows, and each step of it once."""

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from small import small_finetuning

from forgetting.config import Run
from forgetting.records import StudyDirectory
from forgetting.study.curves import Sending


class Tracker:
  """Keeps what curves are sent; `fails` lets the next call fail."""

  def __init__(self):
    self.opened, self.points, self.ends, self.fails = [], [], [], False

  def __call__(self, about):
    self.opened.append(about)
    return self

  def _fail(self) -> None:
    if self.fails:
      self.fails = False
      raise ConnectionError("down")

  def log(self, step, values) -> None:
    self._fail()
    self.points.append((step, values))

  def end(self, step, values) -> None:
    self._fail()
    self.ends.append((step, values))

  def close(self) -> None:
    pass

  @property
  def steps(self) -> list[int]:
    return [step for step, _ in self.points]


def record(step: int, **more) -> dict:
  losses = dict(pretrain_loss=2 + step / 10, target_loss=3.0)
  return dict(step=step, tokens=step * 128, **losses) | more


@pytest.fixture
def study(tmp_path, finetuning) -> StudyDirectory:
  study = StudyDirectory.at(tmp_path, "toy")
  study.of(finetuning).create(finetuning)
  return study


def sending(study: StudyDirectory, run: Run, tracker: Tracker) -> Sending:
  return Sending(study, run, tracker="wandb", open_curve=tracker)


def test_a_curve_has_losses_forgetting_and_tokens(study, finetuning):
  directory, tracker = study.of(finetuning), Tracker()
  curve = sending(study, finetuning, tracker)
  assert not curve.send() and not tracker.opened  # it has not begun
  directory.append(record(0))
  directory.append(record(10, target_loss=None))
  assert not curve.send()
  (_, first), (step, second) = tracker.points
  assert first["forgetting"] == 0 and first["target_loss"] == 3
  assert step == 10 and second["pretrain_loss"] == 3
  assert second["forgetting"] == pytest.approx(1)
  assert second["tokens"] == 1280 and second["injected_tokens"] == 320
  assert "target_loss" not in second  # it was not finite
  (about,) = tracker.opened
  assert (about.study, about.run) == ("toy", finetuning.name)
  assert about.axes["injection"] == 0.25
  assert about.config["steps"] == finetuning.steps
  curve.close()


def test_what_is_done_ends_with_its_divergence_from_base(study, finetuning):
  directory, tracker = study.of(finetuning), Tracker()
  directory.append(record(0))
  directory.append(record(10))
  directory.write_result(dict(best_step=0, kl_pretrain=0.5, target_loss=3))
  assert sending(study, finetuning, tracker).send()
  assert tracker.steps == [0, 10]
  assert tracker.ends == [(0, {"kl_pretrain": 0.5})]
  assert sending(study, finetuning, tracker).send()
  assert len(tracker.opened) == 1


def test_a_run_that_two_follow_is_sent_by_one_of_them(study, finetuning):
  directory = study.of(finetuning)
  trackers = Tracker(), Tracker()
  directory.append(record(0))
  first, second = (sending(study, finetuning, t) for t in trackers)
  assert not first.send() and not second.send()
  directory.append(record(5))
  # what the other process would find
  claim = first._folder / "claim.json"
  claim.write_text(claim.read_text().replace("{", "{ ", 1))
  assert not second.send()
  assert [t.steps for t in trackers] == [[0], []]
  claim.unlink()
  first.close()
  assert not second.send()
  assert [t.steps for t in trackers] == [[0], [5]]
  assert trackers[0].opened[0].id == trackers[1].opened[0].id
  second.close()


OPERATIONS = st.lists(
  st.sampled_from(["measure", "go back", "fail", "send", "start again"]),
  max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(operations=OPERATIONS)
def test_each_step_is_sent_once_and_in_order(
  operations, text, tmp_path_factory
):
  finetuning = small_finetuning(text)
  study = StudyDirectory.at(tmp_path_factory.mktemp("root"), "toy")
  directory, tracker, step = study.of(finetuning), Tracker(), 0
  directory.create(finetuning)
  curve = sending(study, finetuning, tracker)
  measured = set()

  def send() -> None:
    try:
      curve.send()
    except ConnectionError:
      pass

  for operation in operations:
    if operation == "measure":
      directory.append(record(step))
      measured.add(step)
      step += 5
    elif operation == "go back":
      step = max(0, step - 5)
      directory.keep_records_before(step)
    elif operation == "fail":
      tracker.fails = True
    elif operation == "send":
      send()
    else:
      curve.close()
      curve = sending(study, finetuning, tracker)
  directory.keep_records_before(0)
  for again in sorted(measured):
    directory.append(record(again))
  tracker.fails = False
  send()
  curve.close()
  assert tracker.steps == sorted(measured)
