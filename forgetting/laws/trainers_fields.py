"""The fields of each trainer. TARGET and GENERAL are the user's to fill in."""

from __future__ import annotations

from forgetting.laws.trainers_mix import Mix

BLOCK, MOST_BLOCK = 2048, 2**16 - 1  # levanter's default and limit
NEAR = 0.002  # of an injection: how far whole sequences of a block may be off


def axolotl(mix: Mix) -> str:
  """As axolotl's YAML: a share of the general rows, once."""
  assert mix.general_rows is not None, "checked before"
  # cut or rounded to whole rows it is the needed ones; YAML reads no 4e-05
  weight = (mix.general_rows_needed + 0.25) / mix.general_rows
  return "\n".join(
    [
      "datasets:",
      "  - path: TARGET",
      "    weight: 1.0",
      "  - path: GENERAL",
      f"    weight: {min(weight, 1):.10f}",
      f"num_epochs: {mix.passes}",
      *_same_rows(mix),
    ]
  )


def llamafactory(mix: Mix) -> str:
  """As LLaMA-Factory's YAML, and an entry of its dataset_info.json."""
  needed = mix.all_general_rows
  return "\n".join(
    [
      "dataset: TARGET,GENERAL",
      "mix_strategy: interleave_over",
      f"interleave_probs: {1 - mix.row_share:.6g},{mix.row_share:.6g}",
      "num_train_epochs: 1",
      f"# all {mix.passes} passes over the target text are in this one epoch;"
      " GENERAL is fresh",
      f'# data/dataset_info.json: "GENERAL": {{..., "num_samples": {needed}}}',
    ]
  )


def trl(mix: Mix) -> str:
  """As the YAML of `trl sft --config`."""
  return "\n".join(
    [
      "datasets:",
      "  - path: TARGET",
      "    split: train",
      "  - path: GENERAL",
      f"    split: train[:{mix.general_rows_needed}]",
      f"num_train_epochs: {mix.passes}",
      *_same_rows(mix),
    ]
  )


def torchtune(mix: Mix) -> str:
  """As torchtune's YAML."""
  return "\n".join(
    [
      "dataset:",
      "  - _component_: torchtune.datasets.text_completion_dataset",
      "    source: TARGET",
      "    split: train",
      "  - _component_: torchtune.datasets.text_completion_dataset",
      "    source: GENERAL",
      f"    split: train[:{mix.general_rows_needed}]",
      "shuffle: true",
      f"epochs: {mix.passes}",
      *_same_rows(mix),
    ]
  )


def nemo(mix: Mix) -> str:
  """As the YAML of NeMo Automodel's pretraining data."""
  general = 100 * mix.injection
  return "\n".join(
    [
      "dataset:",
      "  _target_: nemo_automodel.components.datasets.llm.megatron_dataset"
      ".MegatronPretraining",
      "  paths:",
      f'    - "{100 - general:.6g}"',
      "    - TARGET_text_document",
      f'    - "{general:.6g}"',
      "    - GENERAL_text_document",
      f"# step_scheduler.max_steps x global_batch_size x seq_length ="
      f" {mix.trained_tokens:,.0f}",
    ]
  )


def marin(mix: Mix) -> str:
  """As levanter's YAML: whole sequences of a block, so the block is chosen."""
  block, minor = _block_of(min(mix.injection, 1 - mix.injection))
  # half a sequence more, lest a product a hair below is cut to one less
  small = (minor + 0.5) / block
  target, general = (
    (1 - small, small) if mix.injection <= 0.5 else (small, 1 - small)
  )
  return "\n".join(
    [
      "data:",
      "  train_weights:",
      f"    TARGET: {target:.8f}",
      f"    GENERAL: {general:.8f}",
      f"  mixture_block_size: {block}",
      "  stop_strategy: restart",
      f"# {minor} of {block} sequences a block; trainer.num_train_steps x"
      f" train_batch_size x seq_len = {mix.trained_tokens:,.0f}",
    ]
  )


def _block_of(share: float) -> tuple[int, int]:
  """The smallest block in which whole sequences are near to a share."""
  for block in range(BLOCK, MOST_BLOCK + 1):
    count = round(share * block)
    if count and abs(count / block / share - 1) <= NEAR:
      return block, count
  return MOST_BLOCK, max(1, round(share * MOST_BLOCK))


def litgpt(mix: Mix) -> str:
  """As Python, in a data module like LitGPT's TinyLlama."""
  return "\n".join(
    [
      "combined = CombinedStreamingDataset(",
      "  datasets=[target, general],",
      f"  weights=({1 - mix.injection:.6g}, {mix.injection:.6g}),",
      "  iterate_over_all=False,",
      ")",
      f"# --train.max_tokens {mix.trained_tokens:.0f}; it begins anew when"
      " TARGET ends, so shuffle GENERAL",
    ]
  )


def _same_rows(mix: Mix) -> list[str]:
  """That a map of rows repeats the general text too."""
  if mix.passes == 1:
    return []
  fresh = mix.all_general_rows
  return [
    f"# each epoch repeats the same {mix.general_rows_needed:,} general rows;"
    f" the law's were fresh. For that: one epoch, TARGET {mix.passes} times in"
    f" the list, and {fresh:,} rows of GENERAL"
  ]
