"""Which sources of text a run reads, and what for."""

from collections.abc import Iterable

from forgetting.config import Run
from forgetting.config.replay_source import SELF, OtherText, SelfText
from forgetting.data import corpora, samples
from forgetting.data.shared import Wanted


def pretraining_sources(run: Run) -> list[str]:
  """Sources that a run is pretrained or measured on, sets taken apart."""
  return corpora.expand(run.pretraining)


def other_sources(run: Run) -> list[str]:
  """Sources that are injected and are not those that a run is measured on."""
  source = run.replay_source
  if isinstance(source, OtherText):
    return corpora.expand(source.sources)
  return corpora.expand(getattr(source, "prompts", ()))


def beside_sources(run: Run) -> list[str]:
  """Sources that a run's base and best are measured on beside its own.

  What it names, and the other text that it injects.
  """
  proxies = [s for s in other_sources(run) if not samples.is_one(s)]
  injects = isinstance(run.replay_source, OtherText)
  named = corpora.expand([*run.beside, *(proxies if injects else ())])
  return [source for source in named if source not in pretraining_sources(run)]


def sources_of(run: Run) -> list[str]:
  """Sources of all text that a run reads, its domain last.

  Without what a model has still to write.
  """
  text = [*pretraining_sources(run), *other_sources(run), *beside_sources(run)]
  named = dict.fromkeys(source for source in text if source != SELF)
  return [*named, *([run.domain] if run.domain else [])]


def waits_for_samples(run: Run) -> bool:
  """Whether a run reads text that its parent has still to write."""
  injects = isinstance(run.replay_source, SelfText)
  return injects or SELF in (*run.pretraining, *run.beside)


def wanted_by(runs: Iterable[Run]) -> list[Wanted]:
  """All text of some runs, at their contexts and in their tokens; each once."""
  return list(
    dict.fromkeys(
      Wanted(source, run.model.context, run.tokenizer)
      for run in runs
      for source in sources_of(run)
    )
  )
