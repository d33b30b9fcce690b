"""Replay policies compared at equal injection, on text that none replays.

Runs are paired by seed: the same target text, the same pool. What a policy
gains is the forgetting of the uniform policy minus its own, so above 0 it is
better; the interval is Student's, over seeds.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from forgetting.config import InputError

NONE, UNIFORM = "none", "uniform"
CHOSEN = ("predicted", "online", "true")
POLICIES = (UNIFORM, *CHOSEN)
CELL = ["domain", "model_params", "target_tokens_asked", "injection"]


@dataclasses.dataclass(frozen=True)
class Worth:
  """B of a policy in F = F0 / (1 + B p), and what that makes a token worth.

  Attributes:
    domain: of the runs.
    policy: of `POLICIES`.
    b: of the policy; b_low, b_high: its 95 % interval.
    tokens: B of the policy / B of the uniform one: so many random tokens
      remove as much forgetting as one chosen token.
    tokens_low, tokens_high: its 95 % interval.
  """

  domain: str
  policy: str
  b: float
  b_low: float
  b_high: float
  tokens: float
  tokens_low: float
  tokens_high: float


def has_policies(table) -> bool:
  """Whether a table of runs compares replay policies.

  Args:
    table: `records.load` of a study.
  """
  return "replay" in table and table["replay"].isin(CHOSEN).any()


def compare(table, *, level: float = 0.95):
  """What each policy removes, cell by cell.

  Args:
    table: `records.load` of a study.
    level: of the intervals.

  Returns:
    a pandas.DataFrame with a row a cell and policy:
    domain, model_params, target_tokens_asked, injection, policy, seeds (of
    the policy's runs); forgetting (mean over seeds, nats per token on the
    pretraining validation set); removed and gain, each with _low and _high:
    the forgetting without injection, and with uniform injection, minus the
    policy's.

  Raises:
    InputError: no finished runs of a policy beside uniform ones.
  """
  import pandas as pd

  runs, none = _done(table)
  rows = []
  for (*cell, policy), own in runs.groupby([*CELL, "replay"], sort=True):
    own = own.set_index("seed")["forgetting"]
    here = np.logical_and.reduce(
      [runs[name] == value for name, value in zip(CELL, cell, strict=True)]
    )
    uniform = runs[here & (runs["replay"] == UNIFORM)]
    row = dict(zip(CELL, cell, strict=True))
    row |= dict(policy=policy, seeds=len(own), forgetting=own.mean())
    row |= _paired("removed", none[tuple(cell[:3])], own, level)
    uniform = uniform.set_index("seed")["forgetting"]
    row |= _paired("gain", uniform, own, level)
    rows.append(row)
  found = pd.DataFrame(rows)
  order = {policy: i for i, policy in enumerate(POLICIES)}
  return found.sort_values(
    [*CELL, "policy"],
    key=lambda c: c.map(order) if c.name == "policy" else c,
    ignore_index=True,
  )


def overall(table, *, level: float = 0.95) -> dict[str, dict[str, float]]:
  """The mean gain of each policy over uniform replay, over domains and seeds.

  Injections of one domain and seed share the run without injection and the
  target text: they are averaged and count once.

  Args:
    table: `records.load` of a study.
    level: of the intervals.

  Returns:
    policy -> `gain` and `target_rise`, each with _low and _high, nats per
    token: the target loss minus that of uniform replay is what the gain may
    have cost.

  Raises:
    InputError: as of `compare`.
  """
  runs, _ = _done(table)
  forgetting, target = (
    runs.pivot_table(index=[*CELL, "seed"], columns="replay", values=values)
    for values in ("forgetting", "target_loss")
  )
  out = {}
  for policy in (p for p in CHOSEN if p in forgetting):
    gain = forgetting[UNIFORM] - forgetting[policy]
    rise = target[policy] - target[UNIFORM]
    out[policy] = _of_pairs("gain", gain, level)
    out[policy] |= _of_pairs("target_rise", rise, level)
  return out


def _of_pairs(name: str, differences, level: float) -> dict[str, float]:
  each = differences.dropna().groupby(["domain", "seed"]).mean()
  return _interval(name, each.to_numpy(), level)


def worth(table, *, level: float = 0.95) -> list[Worth]:
  """B of each policy and domain, with F0 common to the policies of a domain.

  The forgetting law at one model size and one amount of target text (the
  largest of the table, where it has several), by least squares over runs;
  intervals on log B from a jackknife over seeds and Student's t, with all
  runs of a seed left out together. One seed has none.

  Args:
    table: `records.load` of a study.
    level: of the intervals.

  Raises:
    InputError: as of `compare`.
  """
  runs, _ = _done(table, with_none=True)
  out = []
  for domain, rows in runs.groupby("domain", sort=True):
    for name in ("model_params", "target_tokens_asked"):
      rows = rows[rows[name] == rows[name].max()]
    by_seed = [group for _, group in rows.groupby("seed")]
    policies = [p for p in POLICIES if (rows["replay"] == p).any()]
    whole = np.log(_fit(by_seed, policies))
    left_out = np.array(
      [
        np.log(_fit(by_seed[:i] + by_seed[i + 1 :], policies))
        for i in range(len(by_seed))
      ]
      if len(by_seed) > 1
      else np.empty((0, len(policies)))
    )
    for i, policy in enumerate(policies):
      b = _jackknife(whole[i], left_out[:, i], level)
      ratio = whole[i] - whole[0], left_out[:, i] - left_out[:, 0]
      out.append(Worth(domain, policy, *b, *_jackknife(*ratio, level)))
  return out


def _jackknife(whole: float, left_out: np.ndarray, level: float):
  """exp of a number and of its interval, from it without each seed."""
  from scipy import stats

  count, half = len(left_out), np.nan
  if count > 1:
    variance = (count - 1) * left_out.var()
    half = stats.t.ppf((1 + level) / 2, count - 1) * np.sqrt(variance)
  return tuple(np.exp([whole, whole - half, whole + half]))


def _fit(groups, policies: list[str]) -> np.ndarray:
  """B of each policy, the uniform one first."""
  import pandas as pd
  from scipy.optimize import least_squares

  rows = pd.concat(groups)
  p = rows["injection"].to_numpy(float)
  f = rows["forgetting"].to_numpy(float)
  which = np.array(
    [policies.index(r) if r in policies else -1 for r in rows["replay"]]
  )

  def residuals(x):
    b = np.where(which < 0, 0, np.exp(x[1:])[which])
    return x[0] / (1 + b * p) - f

  start = np.r_[f[which < 0].mean(), np.full(len(policies), np.log(10.0))]
  bounds = (
    np.r_[-np.inf, np.full(len(policies), np.log(1e-3))],
    np.r_[np.inf, np.full(len(policies), np.log(1e6))],
  )
  return np.exp(least_squares(residuals, start, bounds=bounds).x[1:])


def _done(table, *, with_none: bool = False):
  """Finished runs of the policies, and forgetting by seed without injection."""
  runs = table[(table["status"] == "done") & table["replay"].notna()]
  runs = runs.assign(
    forgetting=runs["pretrain_loss"] - runs["base_pretrain_loss"]
  )
  none = {
    cell: rows.set_index("seed")["forgetting"]
    for cell, rows in runs[runs["replay"] == NONE].groupby(CELL[:3])
  }
  wanted = (*POLICIES, NONE) if with_none else POLICIES
  runs = runs[runs["replay"].isin(wanted)]
  twice = runs[runs.duplicated([*CELL, "replay", "seed"])]
  if len(twice):
    one = twice.iloc[0]
    raise InputError(
      f"replay policies: found two runs of {one['replay']} for"
      f" {one['domain']}, injection {one['injection']:g}, seed {one['seed']},"
      " expected one; compare them in studies of their own"
    )
  cells = runs[runs["replay"] != NONE].groupby(CELL[:3]).groups
  if not cells or not runs["replay"].isin(CHOSEN).any():
    raise InputError(
      "replay policies: found none, expected finished runs of predicted,"
      " online or true replay beside uniform ones"
    )
  uniform = runs[runs["replay"] == UNIFORM].groupby(CELL[:3]).groups
  for cell in cells:
    if cell not in none or cell not in uniform:
      raise InputError(
        f"replay policies: found {cell[0]} without its runs of no and of"
        " uniform injection, expected both: finish the study"
      )
  return runs, none


def _paired(name: str, reference, own, level: float) -> dict[str, float]:
  return _interval(name, (reference - own).dropna().to_numpy(), level)


def _interval(name: str, values: np.ndarray, level: float) -> dict[str, float]:
  """Mean and Student's interval; one value has none."""
  from scipy import stats

  half = np.nan
  if len(values) > 1:
    quantile = stats.t.ppf((1 + level) / 2, len(values) - 1)
    half = quantile * values.std(ddof=1) / np.sqrt(len(values))
  mean = values.mean() if len(values) else np.nan
  return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}


def lines(table) -> list[str]:
  """The comparison of the policies as lines for people.

  Args:
    table: `records.load` of a study.

  Raises:
    InputError: as of `compare`.
  """
  found = compare(table)
  out = [
    "replay policies, forgetting of text that none replays, nats per token:"
  ]
  for row in found.to_dict("records"):
    out.append(
      f"  {row['domain']}, p {row['injection']:g}, {row['policy']}:"
      f" {row['forgetting']:.3f} over {row['seeds']} seeds, removes"
      f" {row['removed']:.3f}"
      + (
        ""
        if row["policy"] == UNIFORM
        else f", gain over uniform {row['gain']:+.4f}"
        f" [{row['gain_low']:+.4f}, {row['gain_high']:+.4f}]"
      )
    )
  for policy, gain in overall(table).items():
    out.append(
      f"{policy}: gain over uniform {gain['gain']:+.4f}"
      f" [{gain['gain_low']:+.4f}, {gain['gain_high']:+.4f}] in the mean;"
      f" target loss {gain['target_rise']:+.4f}"
      f" [{gain['target_rise_low']:+.4f}, {gain['target_rise_high']:+.4f}]"
    )
  for w in worth(table):
    out.append(
      f"{w.domain}, {w.policy}: B = {w.b:.3g} [{w.b_low:.3g}, {w.b_high:.3g}]"
      + (
        ""
        if w.policy == UNIFORM
        else f"; a chosen token is worth {w.tokens:.2f} random ones"
        f" [{w.tokens_low:.2f}, {w.tokens_high:.2f}]"
      )
    )
  return out


def as_data(table) -> dict:
  """The comparison of the policies for JSON.

  Args:
    table: `records.load` of a study.

  Returns:
    `cells` of `compare`, `overall`, and `worth`.

  Raises:
    InputError: as of `compare`.
  """
  return {
    "cells": compare(table).to_dict("records"),
    "overall": overall(table),
    "worth": [dataclasses.asdict(w) for w in worth(table)],
  }
