"""What transformers computes on exported folders.

In the environment of `make hf`, `python tests/exported_torch.py FOLDER`: below
it a folder a case, with `model/` and `text.npz` (chunks, weights). Writes the
loss of each sequence, in float32, to `losses.npy`.
"""

import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM


def losses(folder: pathlib.Path) -> np.ndarray:
  """[sequences], nats a token over the targets that count."""
  model = AutoModelForCausalLM.from_pretrained(
    folder / "model", dtype=torch.float32
  ).eval()
  text = np.load(folder / "text.npz")
  chunks = torch.from_numpy(text["chunks"]).long()
  weights = torch.from_numpy(text["weights"])
  with torch.no_grad():
    logits = model(chunks[:, :-1]).logits
  each = functional.cross_entropy(
    logits.transpose(1, 2), chunks[:, 1:], reduction="none"
  )
  return ((each * weights).sum(1) / weights.sum(1)).numpy()


if __name__ == "__main__":
  for found in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    np.save(found / "losses.npy", losses(found))
