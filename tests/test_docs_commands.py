"""Commands of the README and the docs, really run in a scratch folder.

Those that read studies and tables: on a synthetic study under the names that
the pages use. What trains, fetches text or needs a cluster is parsed only, in
tests/test_docs.py; its own tests run it on small inputs.
"""

import dataclasses
import pathlib
import shutil

from docs_commands import OF_US, ROOT, tutorial_study
from exported_rows import write_row
import numpy as np
import pandas as pd
from planted_study import plant
import pytest
import synthetic

from forgetting import laws, records
from forgetting.cli import main as cli
from forgetting.config import SelfText
from forgetting.records import RunDirectory
from forgetting.report import export

EXAMPLES = 60  # of a run: associate measures 30 of them
RUN = ("fit", "predict", "advise", "plan", "report", "associate", "export")
RUN_IF = {
  "data": ("list", "show ./letters"),
  "study": ("letters.py --dry-run",),
}


def really_runs(command) -> bool:
  verb, *rest = (a for a in command.arguments if a != "--quiet")
  if any(word.isupper() for word in rest):  # FIT, STUDY: a form, no command
    return False
  if any("://" in word for word in rest):  # a bucket of the reader's
    return False
  if verb in RUN:
    return True
  given = " ".join(rest)
  return any(given.startswith(start) for start in RUN_IF.get(verb, ()))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> pathlib.Path:
  """What the pages' commands find in their working directory."""
  folder = tmp_path_factory.mktemp("reader")
  runs = folder / "runs"
  for study, domains in (
    ("quickstart", ("kjv", "wiki_fr")),
    ("letters", ("letters",)),
  ):
    made = plant(runs, study=study, domains=domains)
    base = np.random.default_rng(0).normal(3, 0.3, EXAMPLES).astype(np.float32)
    for i, (directory, run) in enumerate(records.run_directories(made)):
      if run.parent is not None:
        rise = np.random.default_rng(i).exponential(0.3, EXAMPLES)
        write_row(directory, base, base + rise)
  export.export(runs / "quickstart", folder / "quickstart-tables")
  table = records.load(runs / "quickstart")
  table = table[table["domain"].notna()]
  table.to_csv(folder / "runs.csv", index=False)
  names = dict(pretrain_loss="val_loss", model_params="size")
  table.rename(columns=names).to_csv(folder / "table.csv", index=False)
  table.head(5).to_csv(folder / "planned.csv", index=False)
  one = table[table["model_params"] == table["model_params"].max()]
  one = one[one["domain"] == "kjv"].assign(domain="law", model_params=1.2e9)
  one["target_tokens"] *= 40
  # its tokens follow from these and the epochs
  one = one.drop(columns=["tokens", "planned_tokens"])
  one.to_csv(folder / "imported.csv", index=False)
  with_samples(plant(runs, study="replay_sources", domains=("kjv",)))
  losses(folder / "losses.csv")
  fits = laws.fit(table, "forgetting", by="domain")
  (folder / "fit.json").write_text(fits.to_json())
  generator = np.random.default_rng(0)
  z = np.outer(generator.exponential(1, 76), generator.exponential(0.1, 60))
  np.savez(folder / "z.npz", Z=z + generator.normal(0, 0.02, z.shape))
  synthetic.folder(folder / "letters", documents=80, seed=1)
  (folder / "letters.py").write_text(tutorial_study())
  for folder_of_ours in ("configs", "colabs/example"):
    shutil.copytree(ROOT / folder_of_ours, folder / folder_of_ours)
  return folder


def with_samples(study: pathlib.Path) -> None:
  """Adds runs that inject what their parent wrote, and forget as much."""
  for directory, run in [*records.run_directories(study)]:
    if run.injection and run.domain is not None:
      other = dataclasses.replace(run, replay_source=SelfText(chunks=1024))
      copied = RunDirectory.of(study.parent, study.name, other)
      copied.create(other)
      known = dict(run=other.name, replay_source=other.replay_source_word)
      copied.write_result(directory.result() | known)


def losses(file: pathlib.Path) -> None:
  """A table of pretrainings that obeys a Chinchilla law."""
  n, d = np.meshgrid(np.geomspace(1e6, 1e9, 5), np.geomspace(1e8, 1e11, 5))
  loss = 1.7 + 400 / n**0.34 + 410 / d**0.28
  columns = dict(val_loss=loss.ravel(), params=n.ravel(), tokens=d.ravel())
  pd.DataFrame(columns).to_csv(file, index=False)


def to_run() -> list:
  """In an order in which what writes a file comes before what reads it."""
  chosen = [c for c in OF_US if really_runs(c)]
  return sorted(chosen, key=lambda c: c.arguments[0] != "export")


@pytest.mark.slow
@pytest.mark.parametrize("command", to_run(), ids=str)
def test_a_command_runs(command, scratch, monkeypatch, capsys):
  if "table.csv" in str(command) and "--columns" not in str(command):
    monkeypatch.chdir(scratch / "runs")  # a table that has our names
    shutil.copy(scratch / "runs.csv", scratch / "runs" / "table.csv")
  else:
    monkeypatch.chdir(scratch)
  monkeypatch.setenv("FORGETTING_CACHE", str(scratch / "cache"))
  arguments = [a for a in command.arguments if a != "--quiet"]
  assert cli.app.parse(arguments, description="")() == 0
  assert capsys.readouterr().out.strip()
