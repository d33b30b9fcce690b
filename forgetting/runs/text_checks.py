"""Whether prepared text is enough for a run, before any compute."""

from forgetting.config import InputError, Run
from forgetting.config.pretrained import Pretrained
from forgetting.config.replay_source import SELF, SelfText
from forgetting.data import tfds_source
from forgetting.data.mixture import Blocks
from forgetting.runs.text import mixture_of, open_source, target_of
from forgetting.runs.text_sources import (
  other_sources,
  pretraining_sources,
  sources_of,
)


def check_text(run: Run) -> None:
  """Refuses a run whose prepared text is not enough, before any compute.

  Raises:
    InputError: too little text, a vocabulary larger than the model's, or a
      domain that is pretraining text.
  """
  _check_replayed(run)
  if run.domain in pretraining_sources(run):
    raise InputError(
      f"Run.domain: found {run.domain!r}, expected a domain that is not among"
      f" the pretraining sources {', '.join(run.pretraining)}"
    )
  if run.domain is not None and tfds_source.is_streamed(run.domain):
    raise InputError(
      f"Run.domain: found {run.domain!r}, expected prepared text: its unique"
      " tokens are counted and repeated; write tfds: in place of stream:"
    )
  try:
    if isinstance(run.replay_source, SelfText) or SELF in run.pretraining:
      _check_unwritten(run)
    else:
      mixture_of(run).check(run.steps)
  except InputError as error:
    raise InputError(f"{run.name}: {error}") from error
  for source in sources_of(run):
    prepared = open_source(run, source)
    found = prepared.meta["vocab_size"]
    if found > run.model.vocab_size and isinstance(run.parent, Pretrained):
      # Gemma 3 has a piece more than rows, which no text writes
      found = 1 + prepared.largest_id
    if found > run.model.vocab_size:
      raise InputError(
        f"Model.vocab_size: found {run.model.vocab_size}, expected at least"
        f" the {found} of tokenizer {run.tokenizer!r}"
      )


def _check_unwritten(run: Run) -> None:
  """Refuses a run that injects more than its parent is asked to write."""
  if run.domain:
    target_of(run)
  blocks = Blocks.of(run.injection, seed=run.seed)
  need = int(blocks.injected_before(run.steps * run.batch_size))
  source = run.replay_source
  if isinstance(source, SelfText) and need > source.chunks:
    raise InputError(
      f"SelfText.chunks: found {source.chunks}, expected at least the {need}"
      f" that {run.injection:g} of {run.steps} steps of {run.batch_size} take"
    )


def _check_replayed(run: Run) -> None:
  """Refuses a proxy that is a parent's own corpus, or the target domain."""
  own = run.pretrained_by
  for source in other_sources(run):
    if own and source in pretraining_sources(own):
      raise InputError(
        f"Run.replay_source: found {source!r}, which is among what the parent"
        f" was pretrained on ({', '.join(own.pretraining)}), expected other"
        " text; without a replay source it is injected fresh"
      )
    if source == run.domain:
      raise InputError(
        f"Run.replay_source: found {source!r}, expected text that is not the"
        " target domain"
      )
