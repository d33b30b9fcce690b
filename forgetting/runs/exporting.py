"""A run's model as a folder for transformers or PEFT, with a model card."""

import json
import pathlib
import re
import shutil

from forgetting.config import InputError, LoRA, Pretrained, Run, canonical
from forgetting.config.names import domain_name
from forgetting.config.replay_source import SELF
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
    InputError: no such run, it is not done, its best was not kept, or the
      folder cannot be made.
  """
  directory = RunDirectory(places.place(path))
  run, result = _read(directory)
  folder = pathlib.Path(out).expanduser()
  _check_new(folder)
  params = starts.load_params(directory, run)
  with places.of_out(folder):
    folder.mkdir(parents=True)
  if isinstance(run.parent, Pretrained):
    _from_checkpoint(run.parent, run, params, folder)
  else:
    _own(run, params, folder)
  (folder / "README.md").write_text(card(run, result))
  return folder


def export_adapter(path: str, out: str) -> pathlib.Path:
  """Writes the adapter of a LoRA run's best as PEFT's files.

  Args:
    path: of the run's directory; its best was kept.
    out: a folder that is not there yet.

  Returns:
    the folder.

  Raises:
    InputError: no such run, it is not done, is not LoRA of a public checkpoint,
      its best was not kept, or the folder cannot be made.
  """
  from forgetting.training import methods
  from forgetting.training.public import adapter_files

  directory = RunDirectory(places.place(path))
  run, result = _read(directory)
  folder = pathlib.Path(out).expanduser()
  if not isinstance(run.method, LoRA) or not isinstance(run.parent, Pretrained):
    raise InputError(
      f"--adapter: found {run.name} by method {run.method.word}, expected a"
      " LoRA run of a public checkpoint; without it the whole model is written"
    )
  _check_new(folder)
  trained = starts.load_trained(directory, run)
  with places.of_out(folder):
    folder.mkdir(parents=True)
  adapter_files.write(
    methods.of(run.method, run.model),
    trained,
    folder,
    base_name=run.parent.path,
  )
  (folder / "README.md").write_text(card(run, result, library="peft"))
  return folder


def _check_new(folder: pathlib.Path) -> None:
  if folder.exists():
    raise InputError(f"--out: found {folder}, expected a folder that is not")


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


def card(run: Run, result: dict, *, library: str = "transformers") -> str:
  """A model card in Markdown: what was done, what came of it.

  Args:
    run: whose model it is.
    result: of it.
    library: that reads what is beside it.
  """
  parent = run.parent
  adapter = library == "peft"
  public = isinstance(parent, Pretrained)
  base = parent.path if public else run.model.architecture.model_params
  licence = _licence(parent) if public else None
  front = ["---", f"library_name: {library}"]
  front += [f"base_model: {base}"] if public else []
  front += [f"license: {licence}"] if licence else []
  front += ["---", ""]
  measured = ", ".join(domain_name(source) for source in run.pretraining)
  injected = run.replay_source.word if run.replay_source else measured
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
      "The pretraining loss is on text that the base itself wrote: its change"
      " is a divergence from the base."
      if run.pretraining == (SELF,)
      else "The pretraining text is a stand-in: what the base was trained on is"
      " not known here, so the change of that loss is of this text alone.",
      "",
      f"An adapter by {run.method.word}, float32, to be put beside the base."
      if adapter
      else "Weights are in the number type of the base, to which they were"
      " rounded.",
      "",
      f"The base's licence, {licence}, holds for this model too."
      if licence
      else "The base's files name no licence; its licence holds for this model"
      " too.",
      "",
      "```json",
      json.dumps(result["parent"], indent=1),
      "```",
    ]
  return "\n".join(lines) + "\n"


def _licence(parent: Pretrained) -> str | None:
  """What the card of a checkpoint says of its licence."""
  try:
    text = (parent.folder / "README.md").read_text(errors="replace")
  except (OSError, InputError):
    return None
  front = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
  found = front and re.search(r"^license:\s*(\S+)", front[1], re.MULTILINE)
  return found[1].strip("\"'") if found else None
