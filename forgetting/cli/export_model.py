"""The verb that gives a model back: export-model."""

from typing import Annotated

import tyro

from forgetting.cli.answers import ROOT, find_model
from forgetting.cli.options import Flag, Root


def export_model(
  run: tyro.conf.Positional[
    Annotated[
      str,
      tyro.conf.arg(
        metavar="RUN", help="Its directory, or STUDY/RUN under --root."
      ),
    ]
  ],
  *,
  out: str,
  adapter: Flag = False,
  root: Root = ROOT,
) -> int:
  """Write a run's model as a folder that transformers reads.

  With the files of the checkpoint that it started from; a decoder of this
  program's own becomes a llama. A fine-tuning's best is there if its study was
  done with --keep-best. Beside it is a model card with the run's numbers.

  Example: forgetting export-model runs/mine/RUN --out my-model

  Args:
    out: The folder, which is made.
    adapter: Of a LoRA run: its adapter alone, as PEFT's files.
  """
  from forgetting.runs.exporting import export, export_adapter

  run = find_model(run, root)
  if adapter:
    folder = export_adapter(run, out)
    print(f"{folder}: an adapter that PEFT reads, and README.md")
    return 0
  print(f"{export(run, out)}: a model, its tokenizer and README.md")
  return 0
