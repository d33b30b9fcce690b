"""A run's model as a folder that transformers reads, with a model card."""

import json
import pathlib
import shutil

from forgetting.config import InputError, Pretrained, Run, canonical
from forgetting.config.names import domain_name
from forgetting.records import RunDirectory
from forgetting.runs import starts
from forgetting.storage import places

# what of the source is copied as it is
COPIED = (
  "config.json", "generation_config.json", "tokenizer*", "vocab*",
  "merges.txt", "special_tokens_map.json", "added_tokens.json",
  "chat_template*", "LICENSE*",
)  # fmt: skip


def export(path: str, out: str) -> pathlib.Path:
  """Writes the parameters of a run's best evaluation, and what goes with them.

  Args:
    path: of the run's directory; a fine-tuning's best was kept.
    out: a folder that is not there yet.

  Returns:
    the folder.

  Raises:
    InputError: no such run, it is not done, or its best was not kept.
  """
  directory = RunDirectory(places.place(path))
  run, result = _read(directory)
  folder = pathlib.Path(out).expanduser()
  if folder.exists():
    raise InputError(f"--out: found {folder}, expected a folder that is not")
  params = starts.load_params(directory, run)
  folder.mkdir(parents=True)
  if isinstance(run.parent, Pretrained):
    _from_checkpoint(run.parent, run, params, folder)
  else:
    _own(run, params, folder)
  (folder / "README.md").write_text(card(run, result))
  return folder


def _read(directory: RunDirectory) -> tuple[Run, dict]:
  try:
    told = json.loads((directory.path / "config.json").read_text())
  except (FileNotFoundError, NotADirectoryError):
    raise InputError(
      f"{directory.path}: found no run, expected runs/STUDY/RUN"
    ) from None
  result = directory.result()
  if result.get("status") != "done":
    raise InputError(f"{directory.path}: is not done, expected a result")
  return canonical.from_dict(Run, told), result


def _from_checkpoint(
  parent: Pretrained, run: Run, params, folder: pathlib.Path
) -> None:
  """Under the names, in the types and beside the files of the source."""
  from forgetting.training.public import writing

  source = parent.folder
  for pattern in COPIED:
    for file in source.glob(pattern):
      shutil.copyfile(file, folder / file.name)
  writing.as_source(params, run.model.architecture, source=source, out=folder)


def _own(run: Run, params, folder: pathlib.Path) -> None:
  from forgetting.config.config_json import parse
  from forgetting.training.public import own, writing

  model = run.model
  told = own.config(model.architecture, context=model.context)
  (folder / "config.json").write_text(json.dumps(told, indent=2))
  as_llama = own.as_llama(params, model.architecture)
  writing.anew(as_llama, parse(told), out=folder)
  tokenizer = pathlib.Path(run.tokenizer.split("?")[0]).expanduser()
  if tokenizer.suffix == ".json" and tokenizer.exists():
    shutil.copyfile(tokenizer, folder / "tokenizer.json")


def card(run: Run, result: dict) -> str:
  """A model card in Markdown: what was done, what came of it.

  Args:
    run: whose model it is.
    result: of it.
  """
  parent = run.parent
  public = isinstance(parent, Pretrained)
  base = parent.path if public else run.model.architecture.model_params
  front = ["---", "library_name: transformers"]
  front += [f"base_model: {base}"] if public else []
  front += ["---", ""]
  injected = ", ".join(domain_name(source) for source in run.pretraining)
  lines = [*front, f"# {run.name}", ""]
  if run.domain is None:
    lines += [f"Trained on {injected} alone."]
  else:
    lines += [
      f"Fine-tuned from {base} on {result['target_tokens']:,} unique tokens of"
      f" {domain_name(run.domain)}; {run.injection:.2%} of the tokens of its"
      f" batches came from {injected}.",
    ]
  lines += ["", "| nats a token | before | after |", "| --- | --- | --- |"]
  for kind in ("pretrain", "target"):
    before, after = result.get(f"base_{kind}_loss"), result[f"{kind}_loss"]
    if after is not None:
      lines += [f"| {kind} loss | {before:.4f} | {after:.4f} |"]
  lines += ["", f"The best evaluation was at step {result['best_step']}."]
  if public:
    lines += [
      "",
      "The pretraining text is a stand-in: what the base was trained on is not"
      " known here, so the change of that loss is of this text alone.",
      "",
      "Weights are in the number type of the base, to which they were rounded."
      " Its licence holds for this model too: see the base.",
      "",
      "```json",
      json.dumps(result["parent"], indent=1),
      "```",
    ]
  return "\n".join(lines) + "\n"
