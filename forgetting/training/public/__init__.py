"""Public checkpoints: their files, and the names of the tensors in them."""
