"""Full fine-tuning, and pretraining: every parameter is trained."""

from forgetting.training.methods.method import Method


class Full(Method):
  """Trains all parameters on the cross-entropy alone; nothing is frozen."""
