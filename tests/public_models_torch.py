"""What transformers computes for the models of `public_models`.

In the environment of `make hf`: `python tests/public_models_torch.py store`
writes the numbers that tests compare with; `check FOLDER` loads every model
that ours has written there and compares weights, bit by bit, and logits.
"""

import json
import pathlib
import sys

import numpy as np
import public_models as models
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()


def made(case: str):
  """The model of a case, its weights by the rule."""
  told = dict(models.CONFIGS[case])
  config = AutoConfig.for_model(told.pop("model_type"), **told)
  model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
  model.eval()
  with torch.no_grad():
    for name, parameter in model.named_parameters():
      values = models.weight(name, tuple(parameter.shape))
      parameter.copy_(torch.from_numpy(values))
  return model


def computed(model) -> dict[str, np.ndarray]:
  """Logits, and each gradient's size and its part along a direction."""
  tokens = torch.from_numpy(models.tokens())
  logits = model(tokens[:, :-1]).logits
  loss = torch.nn.functional.cross_entropy(logits[0], tokens[0, 1:])
  loss.backward()
  out = dict(logits=logits[0].detach().numpy(), names=[], gradients=[])
  for name, parameter in model.named_parameters():
    gradient = parameter.grad.double().numpy()
    along = (gradient * models.direction(name, gradient.shape)).sum()
    out["names"].append(name)
    out["gradients"].append([np.linalg.norm(gradient), along])
  return out


def store(file: pathlib.Path) -> None:
  """Numbers of all cases, and their config.json as transformers 5 writes it."""
  out = {}
  for case in models.CONFIGS:
    model = made(case)
    found = computed(model)
    out[f"{case}/logits"] = found["logits"]
    out[f"{case}/names"] = np.array("\n".join(found["names"]))
    out[f"{case}/gradients"] = np.array(found["gradients"])
    out[f"{case}/config"] = np.array(
      model.config.to_json_string(use_diff=False)
    )
    print(case, np.abs(found["logits"]).max())
  np.savez_compressed(file, **out)


def check(folder: pathlib.Path) -> None:
  """Loads what was written and compares; a difference is an error."""
  for where in sorted(folder.iterdir()):
    case = where.name
    model, info = AutoModelForCausalLM.from_pretrained(
      where, dtype="auto", attn_implementation="eager", output_loading_info=True
    )
    wrong = {k: v for k, v in info.items() if v}
    assert not wrong, (case, wrong)
    expected = made(case)
    for (name, one), (_, other) in zip(
      model.named_parameters(), expected.named_parameters(), strict=True
    ):
      assert torch.equal(one.float(), other), (case, name)
    logits = model.float()(torch.from_numpy(models.tokens())[:, :-1]).logits
    told = np.load(where / "logits.npy")
    difference = np.abs(logits[0].detach().numpy() - told).max()
    assert difference < 1e-5, (case, difference)
    print(json.dumps(dict(case=case, difference=float(difference))))


if __name__ == "__main__":
  verb, where = sys.argv[1], pathlib.Path(sys.argv[2])
  {"store": store, "check": check}[verb](where)
