"""Measures, predicts and prevents what fine-tuning makes a model forget."""
