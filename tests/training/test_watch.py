import numpy as np


def test_spikes_are_told_and_steps_without_are_not():
  from forgetting.training.watch import MOST_SPIKES, Watch, spikes_of

  watch, draw = Watch(), np.random.default_rng(0)
  losses = draw.normal(3, 0.1, 120)
  losses[70] = 9.0
  for step, loss in enumerate(losses):
    watch.add(step, (np.float32(loss), np.float32(1)))
    assert not watch.diverged()
  assert not watch.catch_up()
  record = watch.take_spikes()
  assert [spike["step"] for spike in record["loss_spikes"]] == [70]
  assert watch.take_spikes() == {}
  assert len(spikes_of([record] * 200)) == MOST_SPIKES
  watch.add(120, (np.float32(1), np.float32("inf")))
  assert watch.catch_up()
  assert "gradient norm inf at step 120" in watch.why
