"""The steps of one run: models, methods, evaluation, checkpoints."""
