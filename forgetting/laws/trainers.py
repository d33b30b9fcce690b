"""An advised injection in the fields of other trainers.

Injection is a share of the *tokens* of a batch. Most trainers mix by rows, and
what they call a weight or a ratio means six things; so each recipe says what
its number means, in which version, and how many rows and tokens of general
text it needs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
import math

from forgetting.config import InputError
from forgetting.laws import trainers_fields
from forgetting.laws.trainers_mix import Mix, Trainer

TRAINERS = {
  trainer.name: trainer
  for trainer in (
    Trainer(
      "axolotl",
      "axolotl pull 3690, merged 29 May 2026",
      "weight is the share of a data set's own rows that is kept, drawn once"
      " before they become tokens: no mixing probability",
      trainers_fields.axolotl,
      by_rows=True,
      whole=True,
      of_all=True,
    ),
    Trainer(
      "llamafactory",
      "LLaMA-Factory 0.9, data_utils.py, data_args.py",
      "interleave_probs are sampling probabilities of a row; interleave_over"
      " goes on until every row of both was seen, and repeats the target text",
      trainers_fields.llamafactory,
      by_rows=True,
    ),
    Trainer(
      "trl",
      "TRL 1.8.0, DatasetMixtureConfig",
      "data sets are concatenated whole and shuffled, there is no weight: the"
      " split is cut",
      trainers_fields.trl,
      by_rows=True,
      whole=True,
    ),
    Trainer(
      "torchtune",
      "torchtune 0.6, ConcatDataset",
      "data sets are concatenated whole and shuffled, there is no weight: the"
      " split is cut",
      trainers_fields.torchtune,
      by_rows=True,
      whole=True,
    ),
    Trainer(
      "nemo",
      "NeMo Automodel 0.4, MegatronPretraining",
      "weights in paths are shares of samples, each seq_length tokens long, so"
      " of tokens",
      trainers_fields.nemo,
    ),
    Trainer(
      "marin",
      "levanter's LmDataConfig and MixtureDataset, 2026",
      "train_weights are shares of sequences of one length, so of tokens; in"
      " each block of mixture_block_size they are cut to whole sequences, the"
      " rest goes to the larger",
      trainers_fields.marin,
    ),
    Trainer(
      "litgpt",
      "LitGPT 0.5, data/tinyllama.py; LitData 0.2, CombinedStreamingDataset",
      "weights are sampling probabilities of a block of block_size tokens, so"
      " of tokens; iterate_over_all must be False, or weights are refused",
      trainers_fields.litgpt,
    ),
  )
}
NEAR = 0.01  # of an injection: what whole rows may miss without a word


@dataclass(frozen=True)
class Recipe:
  """An injection as a trainer's own fields.

  Attributes:
    trainer: whose.
    source: the version whose code or manual says what the fields mean.
    meaning: what the number means there.
    fields: what to paste, with comments; YAML, or Python for litgpt.
    mix: what it is to give.
  """

  trainer: str
  source: str
  meaning: str
  fields: str
  mix: Mix

  @property
  def given(self) -> float:
    """The injection that whole rows make of it, where rows are counted."""
    counted = TRAINERS[self.trainer].whole
    return self.mix.in_whole_rows if counted else self.mix.injection

  def __str__(self) -> str:
    whole = ""
    if abs(self.given / self.mix.injection - 1) > NEAR:
      whole = f"; in whole rows {100 * self.given:.3g} %"
    return "\n".join(
      [
        f"# {self.trainer}: {self.mix.told}{whole}",
        f"# here {self.meaning}",
        f"# ({self.source})",
        self.fields,
      ]
    )

  def as_dict(self) -> dict:
    """The recipe as JSON takes it."""
    return asdict(self) | {
      "injected_tokens": self.mix.injected_tokens,
      "general_rows_needed": (
        self.mix.general_rows_needed if self.mix.row_tokens else None
      ),
    }


def recipe(trainer: str, mix: Mix) -> Recipe:
  """Writes an injection in a trainer's fields.

  Args:
    trainer: a name of `TRAINERS`.
    mix: the injection, and what the trainer's unit needs to be known.

  Raises:
    InputError: no such trainer, nothing to inject, or a number that its fields
      need is missing.
  """
  if trainer not in TRAINERS:
    raise InputError(
      f"--for: found {trainer!r}, expected one of {', '.join(TRAINERS)}"
    )
  made = TRAINERS[trainer]
  _check(made, mix)
  return Recipe(trainer, made.source, made.meaning, made.fields(mix), mix)


def _check(trainer: Trainer, mix: Mix) -> None:
  if not math.isfinite(mix.injection) or mix.injection >= 1:
    raise InputError(
      "--for: found no injection that keeps the tolerance, expected one below"
      " 100 %: ask with a larger tolerance"
    )
  if mix.injection <= 0:
    raise InputError(
      "--for: nothing is to be injected, the tolerance is kept without; leave"
      " it out"
    )
  if trainer.by_rows and mix.row_tokens is None:
    raise InputError(
      f"--for {trainer.name}: it mixes rows, expected the mean tokens of a"
      " target row and of a general row: --row-tokens 800,1200, or"
      " --target-text and --general-text to count them"
    )
  if trainer.of_all and mix.general_rows is None:
    raise InputError(
      f"--for {trainer.name}: its weight is a share of the general text's rows,"
      " expected how many it has: --general-rows 100000, or --general-text"
    )
  if mix.general_rows is not None and mix.row_tokens is not None:
    needed = mix.general_rows_needed
    if needed > mix.general_rows:
      raise InputError(
        f"--for {trainer.name}: found {mix.general_rows:,} rows of general"
        f" text, expected at least {needed:,} an epoch"
      )
