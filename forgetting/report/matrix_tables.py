"""What the figures of a forgetting matrix show, as tables.

Tasks are in the order of their families, then of their mean forgetting;
examples in the order of their sources, then of theirs. Many examples are
drawn as groups of neighbours, by their mean.
"""

import numpy as np

PLACES = 300  # columns drawn at most, about
RANKS = 20  # singular values drawn


def heat_map(matrix):
  """Makes the table of the heat map.

  Args:
    matrix: an `associations` ForgettingMatrix.

  Returns:
    a data frame, one row a drawn cell: a task and a group of neighbouring
    examples, at `position` from the left; forgetting in nats per token.
  """
  import pandas as pd

  values = matrix.values
  order = _task_order(matrix)
  groups = _groups(matrix)
  blocks = [_means(values[:, g], axis=1) for g in groups]
  first = [g[0] for g in groups]

  def by_task(column):
    return np.repeat(column[order], len(groups))

  def by_position(column):
    return np.tile(column, len(order))

  return pd.DataFrame(
    dict(
      task=by_task(matrix.tasks),
      family=by_task(matrix.families),
      position=by_position(np.arange(len(groups))),
      source=by_position(matrix.sources[first]),
      examples=by_position([len(g) for g in groups]),
      first_example=by_position(matrix.examples[first]),
      forgetting=np.array(blocks).T[order].ravel(),
    )
  )


def components(matrix, structure, *, count: int):
  """Makes the table of the leading components.

  Args:
    matrix: an `associations` ForgettingMatrix.
    structure: its Structure.
    count: how many components.

  Returns:
    a data frame, one row a weight: of a task, or the mean of a group of
    examples, at `position`.
  """
  import pandas as pd

  order, groups = _task_order(matrix), _groups(matrix)
  rows = []
  for rank in range(min(count, len(structure.right))):
    scale = np.sqrt(structure.singular_values[rank])
    left, right = structure.left[:, rank], structure.right[rank]
    tasks = [(matrix.tasks[i], matrix.families[i], left[i]) for i in order]
    parts = [
      (matrix.examples[g[0]], matrix.sources[g[0]], right[g].mean())
      for g in groups
    ]
    for kind, weights in (("task", tasks), ("examples", parts)):
      rows += [
        dict(
          component=rank + 1,
          kind=kind,
          position=position,
          name=name,
          group=group,
          weight=weight * scale,
        )
        for position, (name, group, weight) in enumerate(weights)
      ]
  return pd.DataFrame(rows)


def own_patterns(found):
  """Makes the table of what task and example means leave, by sources.

  Args:
    found: of `associations.own_patterns.find`, with sources.

  Returns:
    a data frame, one row a component, end and source: the source's part of
    the examples at that end, of all, p of that (after Holm); the component's
    part of what is left and the tasks that forget that end more.
  """
  import pandas as pd

  rows = []
  for one in found:
    ends = (("+", one.raising, one.most), ("-", one.lowering, one.least))
    rows += [
      dict(
        component=one.rank,
        share=one.share,
        end=end,
        tasks=", ".join(name for name, _ in tasks),
        examples=one.looked,
        source=share.source,
        among=share.among,
        overall=share.overall,
        p_value=share.p_value,
      )
      for end, tasks, sources in ends
      for share in sources
    ]
  return pd.DataFrame(rows)


def singular_values(structure):
  """Makes the table of singular values, a row a rank, of at most 20 ranks.

  Args:
    structure: of a forgetting matrix.

  Returns:
    a data frame: rank, singular_value, r2 (of the fit of that rank).
  """
  import pandas as pd

  count = min(RANKS, len(structure.singular_values))
  return pd.DataFrame(
    dict(
      rank=np.arange(count) + 1,
      singular_value=structure.singular_values[:count],
      r2=structure.r2_by_rank[:count],
    )
  )


def _task_order(matrix) -> np.ndarray:
  means = np.nanmean(matrix.values, axis=1)
  return np.lexsort((-means, matrix.families))


def _groups(matrix) -> list[np.ndarray]:
  """The examples of each drawn column: neighbours of one source."""
  means = _means(matrix.values, axis=0)
  order = np.lexsort((-means, matrix.sources))
  size = -(-len(order) // PLACES)
  groups = []
  for source in np.unique(matrix.sources):
    own = order[matrix.sources[order] == source]
    groups += np.array_split(own, -(-len(own) // size))
  return groups


def grouped(matrix) -> int:
  """Tells the most examples that one drawn column stands for."""
  return max(len(group) for group in _groups(matrix))


def _means(values, axis: int) -> np.ndarray:
  """Means over what is measured; NaN, without a warning, where nothing is."""
  seen = ~np.isnan(values)
  count, total = seen.sum(axis), np.where(seen, values, 0.0).sum(axis)
  return np.where(count > 0, total / np.maximum(count, 1), np.nan)
