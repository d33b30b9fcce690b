"""Studies whose runs have left rows of a forgetting matrix."""

import dataclasses

import numpy as np

from forgetting.config import Model, Optimizer, Replay, Run
from forgetting.records import RunDirectory


def runs_of_a_study(
  domains=("kjv", "wiki_fr"), seeds=(0, 1), *, parent_seed=0
) -> list[Run]:
  """Fine-tunings of one small parent: every domain with every seed."""
  model = Model(layers=2, width=16, heads=2)
  parent = Run(
    model=model,
    optimizer=Optimizer(peak_lr=3e-3),
    steps=200,
    batch_size=8,
    pretraining=("wiki_en", "factbook"),
    injection=1,
    seed=parent_seed,
  )
  return [
    Run(
      model=model,
      optimizer=Optimizer(peak_lr=1e-3),
      steps=60,
      batch_size=8,
      pretraining=parent.pretraining,
      parent=parent,
      injection=0,
      domain=domain,
      target_tokens_asked=12800,
      seed=seed,
    )
    for domain in domains
    for seed in seeds
  ]


def replay_runs(domains=("kjv", "wiki_fr"), *, parent_seed=0) -> list[Run]:
  """Of every domain and seed a run of predicted and of true replay."""
  out = []
  for run in runs_of_a_study(domains, parent_seed=parent_seed):
    none = dataclasses.replace(run, replay=Replay(pool=64))
    probe = dataclasses.replace(
      none, steps=6, replay=Replay(pool=64, probe=True)
    )
    out += [
      dataclasses.replace(
        run, injection=0.05, replay=Replay(pool=64, measured_in=measured)
      )
      for measured in (probe, none)
    ]
  return out


def plant_study(root, runs, values, *, status="done"):
  """Run directories whose examples.npz hold the rows of `values`."""
  base = np.linspace(2, 3, values.shape[1]).astype(np.float32)
  ids = np.array([f"{j:016x}" for j in range(values.shape[1])], "S16")
  sources = np.where(np.arange(values.shape[1]) % 3, "wiki_en", "factbook")
  for run, row in zip(runs, values, strict=True):
    directory = RunDirectory.of(root, "toy", run)
    directory.create(run)
    seen = ~np.isnan(row)
    directory.write_examples(
      base=base[seen],
      best=np.float32(base + row)[seen],
      id=ids[seen],
      source=sources[seen],
    )
    directory.write_result({"status": status})
  return root / "toy"
