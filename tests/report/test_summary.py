"""What is measured so far, before any law is fitted."""

from planted_study import diverge, plant

from forgetting import report
from forgetting.report import evidence, fitted, summary


def test_half_done_study_tells_its_cells_without_a_fit(small, monkeypatch):
  next(small.glob("*kjv*p0.2*/result.json")).unlink()

  def no_fit(*_):
    raise AssertionError("a law was fitted before the text was told")

  told = []

  def stop(text):
    told.append(text)
    raise KeyboardInterrupt

  monkeypatch.setattr(fitted, "fit_domains", no_fit)
  try:
    report.write(small, tell=stop)
  except KeyboardInterrupt:
    pass
  (text,) = told
  assert "7 done" in text
  assert len(text.splitlines()) == 4  # one line, a head, two cells
  assert " -" in text


def test_nothing_measured_is_a_sentence(small):
  for result in small.glob("*kjv*/result.json"):
    result.unlink()
  assert "No fine-tuning has finished" in summary.summary(evidence.read(small))


def test_a_study_that_diverged_is_not_to_be_gone_on_with(tmp_path):
  study = plant(tmp_path, domains=("kjv",), sizes=((2, 16),))
  diverge(study)
  told = []
  page = report.write(study, tell=told.append)
  assert "diverged: 12): stop_reason in each result.json" in told[0]
  assert told[0] in page.read_text()
