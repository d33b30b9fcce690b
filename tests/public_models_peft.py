"""What PEFT makes of adapters on the models of `public_models`.

In the environment of `make hf`, `python tests/public_models_peft.py FOLDER`: a
folder a case. It loads `ours/`, compares logits with `ours/logits.npy`, and
writes an adapter of its own to `theirs/`, with its logits beside it.
"""

import pathlib
import sys

import numpy as np
import peft
import public_models as models
from public_models_torch import made
import torch


def logits(model) -> np.ndarray:
  """[LENGTH, vocabulary] of the tokens that all models are given."""
  tokens = torch.from_numpy(models.tokens())
  with torch.no_grad():
    return model(tokens[:, :-1]).logits[0].numpy()


def take_ours(case: str, folder: pathlib.Path) -> list[str]:
  """Compares what PEFT computes with our adapter; the modules that have one."""
  model = peft.PeftModel.from_pretrained(made(case), folder / "ours").eval()
  expected = np.load(folder / "ours" / "logits.npy")
  difference = np.abs(logits(model) - expected).max()
  assert difference < 3e-5 * max(1, np.abs(expected).max() / 4), (
    case,
    difference,
  )
  moved = np.abs(expected - logits(made(case))).max()
  assert moved > 0.1, (case, moved)
  print(case, "differs", difference, "of what it moved,", moved, flush=True)
  return sorted(model.peft_config["default"].target_modules)


def give_theirs(case: str, folder: pathlib.Path, targets: list[str]) -> None:
  """Saves a rank-stabilised adapter, all of its factors at random."""
  model = made(case)
  told = peft.LoraConfig(
    r=3,
    lora_alpha=5,
    use_rslora=True,
    target_modules=targets,
    task_type="CAUSAL_LM",
    fan_in_fan_out=case == "gpt2",
  )
  model = peft.get_peft_model(model, told).eval()
  torch.manual_seed(0)
  with torch.no_grad():
    for name, parameter in model.named_parameters():
      if "lora_" in name:
        parameter.normal_(0, 0.2)
  model.save_pretrained(folder / "theirs")
  np.save(folder / "theirs" / "logits.npy", logits(model))


if __name__ == "__main__":
  for found in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    give_theirs(found.name, found, take_ours(found.name, found))
