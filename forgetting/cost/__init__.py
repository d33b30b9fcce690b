"""Tokens, FLOPs, memory and hours, before anything runs."""
