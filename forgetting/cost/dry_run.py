"""What a study would cost, told without allocating or fetching anything."""

from collections.abc import Iterable
import dataclasses
import time

from forgetting.config import InputError, Model, Run, Study
from forgetting.config.method import FULL
from forgetting.config.names import short
from forgetting.config.replay_source import SELF, SelfText
from forgetting.cost.chips import Chip, find
from forgetting.cost.footprint import USABLE, Mesh
from forgetting.cost.parts import choices, fitting
from forgetting.records import text_table
from forgetting.training import sampling_size

COMPILE_SECONDS = 30  # after which no further shape is compiled


@dataclasses.dataclass(frozen=True)
class Group:
  """Runs of one model and kind, which share their programs, and their cost.

  Attributes:
    kind: pretraining or fine-tuning.
    model: of the runs.
    example: one of them.
    runs: how many they are.
    tokens, flops: of training, were no run to stop before its last step.
    evaluation_flops: of both losses.
    mesh: of devices that share a run.
    parts: that a batch is computed in, one after the other, so that it fits.
    memory: bytes on one device, by formula.
    written: chunks of text that a parent writes for those with the most.
    compiled: bytes of the compiled step by this machine's backend, of one
      device with the whole batch; None where it was not compiled.
  """

  kind: str
  model: Model
  example: Run
  runs: int
  tokens: int
  flops: float
  evaluation_flops: float
  mesh: Mesh
  parts: int
  memory: float
  written: int = 0
  compiled: float | None = None

  @property
  def told(self) -> str:
    """The kind, and the method where there are others."""
    method = self.example.method
    # strengths differ within a group
    word = method.kind if method.traced else method.word
    return self.kind if method == FULL else f"{self.kind}, {word}"

  def hours(self, chip: Chip, devices: int, mfu: float) -> float:
    """Wall time, were the devices busy all the time.

    Args:
      chip: of each device.
      devices: how many.
      mfu: part of the peak that they reach.
    """
    peak = devices * chip.peak(self.model.dtype) * mfu
    return (self.flops + self.evaluation_flops) / peak / 3600


def tell(
  study: Study,
  *,
  chip: str,
  devices: int,
  mfu: float | None = None,
  runs: Iterable[Run] | None = None,
) -> str:
  """What a study's runs would take, as text.

  Args:
    study: whose runs they are.
    chip: by name, of `chips`.
    devices: of them.
    mfu: part of the chip's peak that training reaches; the chip's own by
      default.
    runs: those that are counted; by default all of the study's, done ones too.

  Raises:
    InputError: an unknown chip, or a run that does not fit on it.
  """
  if devices < 1:
    raise InputError(f"--devices: found {devices}, expected 1 or more")
  found = find(chip)
  mfu = found.mfu if mfu is None else mfu
  if not 0 < mfu <= 1:
    raise InputError(f"--mfu: found {mfu}, expected within (0, 1]")
  groups = groups_of(
    study.ordered() if runs is None else runs, chip=found, devices=devices
  )
  for group in groups:
    _check_fits(group, found)
  return _text(study, with_compiled(groups), found, devices, mfu)


def groups_of(runs: Iterable[Run], *, chip: Chip, devices: int) -> list[Group]:
  """One group a model, batch and kind of run, smallest models first.

  Args:
    runs: in any order.
    chip: of each device.
    devices: that a run may be spread over.
  """
  alike: dict[tuple, list[Run]] = {}
  for run in runs:
    key = (
      run.parent is not None,
      run.model,
      run.batch_size,
      run.micro_batches,
      run.method.program,
    )
    alike.setdefault(key, []).append(run)
  groups = [_group(members, chip, devices) for members in alike.values()]
  return sorted(groups, key=lambda g: (g.model.model_params, g.kind[::-1]))


def _group(runs: list[Run], chip: Chip, devices: int) -> Group:
  first, on_cpu = runs[0], chip.name == "cpu"
  # on a CPU every core does a run of its own
  ways = choices(
    first, 1 if on_cpu else devices, fused_attention=chip.attention == "fused"
  )
  # its memory is not told to a run there, which keeps to what is asked for
  fits = None if on_cpu else fitting(ways, USABLE * chip.memory)
  way = fits or ways[0]
  return Group(
    kind="fine-tuning" if first.parent else "pretraining",
    model=first.model,
    example=first,
    runs=len(runs),
    tokens=sum(run.steps * run.tokens_per_step for run in runs),
    flops=sum(run.flops for run in runs) + _flops_before(runs),
    evaluation_flops=sum(map(evaluation_flops, runs)),
    mesh=way.mesh,
    parts=way.count,
    memory=way.memory,
    written=max(map(_written, runs)),
  )


def _written(run: Run) -> int:
  """Chunks that its parent writes to be injected, or to be measured on."""
  if isinstance(run.replay_source, SelfText):
    return run.replay_source.chunks
  asked = SELF in run.pretraining or SELF in run.beside
  return run.evaluation.full_pretrain if asked else 0


def _flops_before(runs: list[Run]) -> int:
  """Of what methods measure at base, once a parent and not once a run."""
  measured = {(run.parent, run.method.sequences): run.model for run in runs}
  return sum(
    sequences * model.context * model.flops_per_token
    for (_, sequences), model in measured.items()
  )


def evaluation_flops(run: Run) -> float:
  """FLOPs of a run's evaluations; of methods' own measurements none.

  A third of a training step's a token: nothing is differentiated.
  """
  e, target = run.evaluation, run.domain is not None
  curve = e.curve_pretrain + target * e.curve_target
  full = e.full_pretrain + target * e.full_target
  sequences = len(e.steps(run.steps)) * curve + 2 * full
  return sequences * run.model.context * run.model.flops_per_token / 3


def _check_fits(group: Group, chip: Chip) -> None:
  usable = USABLE * chip.memory
  if group.memory > usable:
    raise InputError(
      f"{group.example.name}: needs {_gb(group.memory)} on each of"
      f" {group.mesh.devices} {chip.name}, found {_gb(usable)} usable;"
      f" {_would_fit(group, chip)}"
    )


def _would_fit(group: Group, chip: Chip) -> str:
  """What to change: what helps that changes no numbers but the last bits."""
  run = group.example
  ways = choices(run, 1, fused_attention=chip.attention == "fused")
  now, found = f"now {run.micro_batches}", fitting(ways, USABLE * chip.memory)
  if chip.name == "cpu" and found is not None:
    return f"Run.micro_batches = {found.count} would fit ({now})"
  return (
    f"no Run.micro_batches would fit ({now}); raise --devices, or set"
    f" Model.remat to 'dots' or 'full' (now {run.model.remat!r})"
  )


def with_compiled(groups: list[Group]) -> list[Group]:
  """Adds what this machine's compiler says, as far as that takes seconds."""
  start, out = time.monotonic(), []
  for group in groups:
    # the next shape takes longer than the last
    late = time.monotonic() - start > COMPILE_SECONDS / 2
    size = None if late else compiled_bytes(group.example, group.parts)
    out.append(dataclasses.replace(group, compiled=size))
  return out


def compiled_bytes(run: Run, parts: int) -> float:
  """Arguments and temporaries of a run's compiled step, all devices here.

  Args:
    parts: that a batch is computed in.
  """
  from forgetting.training.programs import compile_step

  step = compile_step(
    run.model,
    batch_size=run.batch_size,
    micro_batches=parts,
    method=run.method.program,
    optimizer=run.optimizer.kind,
  )
  analysis = step.memory_analysis()
  # results lie in the arguments that the step gives away
  return analysis.argument_size_in_bytes + analysis.temp_size_in_bytes


def _text(
  study: Study, groups: list[Group], chip: Chip, devices: int, mfu: float
) -> str:
  header = (
    "model", "runs", "tokens", "FLOPs", "mesh", "parts", "memory", "compiled",
    "h:mm",
  )  # fmt: skip
  rows = [header] + [_row(group, chip, devices, mfu) for group in groups]
  told = [*_of_methods(groups), *_of_samples(groups)]
  beside = "".join(f"\n{line}" for line in told)
  table = "\n".join(text_table.lines(rows))
  hours = sum(group.hours(chip, devices, mfu) for group in groups)
  flops = sum(group.flops + group.evaluation_flops for group in groups)
  evaluation = sum(group.evaluation_flops for group in groups) / flops
  runs = sum(group.runs for group in groups)
  return f"""{study.name}: {runs} runs, {flops:.3g} FLOPs, \
{evaluation:.1%} of them evaluation
{table}
in all {clock(hours)} h on {devices} x {chip.name} at {mfu:.0%} of \
{chip.peak(groups[-1].model.dtype) / 1e12:.3g} TFLOP/s each: were no run \
to stop before its last step, and devices that a mesh leaves free to do others
memory: of a device of {chip.name}, by formula; it has {_gb(chip.memory)}; the \
state lies over the mesh (data x model)
parts: of a batch, computed one after the other so that it fits; a run chooses \
them by itself
compiled: the step as compiled by {_backend()}, whole on one device, its own \
attention; -: not compiled, it takes longer than seconds
FLOPs: 6 (12 layers width^2 + vocabulary width) + 12 layers width context a \
token{beside}"""


def _of_methods(groups: list[Group]) -> list[str]:
  """What the methods of a study cost beside or in place of that."""
  methods = [group.example.method for group in groups]
  lines = {}
  for method in methods:
    if method.passes < 3:
      lines[method.kind] = "two thirds of it: base has no gradients"
    if method.passes > 3:
      lines[method.kind] = (
        "four thirds of it: base's logits are computed beside; its weights and"
        " its logits are in the memory told"
      )
    if method.sequences:
      lines[method.kind] = (
        f"before the first step {method.sequences} sequences forward and"
        " backward, once a parent and process; base's weights and their"
        " information are in the memory told"
      )
  return [f"{kind}: {line}" for kind, line in lines.items()]


def _of_samples(groups: list[Group]) -> list[str]:
  """What it takes that parents write text for their children."""
  most: dict[Model, int] = {}
  for group in groups:
    most[group.model] = max(most.get(group.model, 0), group.written)
  lines = []
  for model, chunks in most.items():
    if not chunks:
      continue
    rows = sampling_size.rows(chunks, model)
    memory = _gb(sampling_size.size(model, rows).total)
    lines.append(
      f"{short(model.model_params)} writes {chunks:,} chunks or more for its"
      f" children, {rows} at once, in {memory} by formula"
    )
  return lines


def _row(group: Group, chip: Chip, devices: int, mfu: float) -> tuple[str, ...]:
  return (
    f"{short(group.model.model_params)} {group.told}",
    str(group.runs),
    f"{group.tokens:.3g}",
    f"{group.flops:.3g}",
    f"{group.mesh.data} x {group.mesh.model}",
    str(group.parts),
    _gb(group.memory),
    _gb(group.compiled) if group.compiled else "-",
    clock(group.hours(chip, devices, mfu)),
  )


def clock(hours: float) -> str:
  """Writes hours as h:mm; what is shorter than a minute as such."""
  minutes = round(60 * hours)
  return f"{minutes // 60:,}:{minutes % 60:02d}" if minutes else "< 0:01"


def _backend() -> str:
  from forgetting.training import processes

  return processes.backend()


def _gb(size: float) -> str:
  return f"{size / 1e9:.3g} GB"
