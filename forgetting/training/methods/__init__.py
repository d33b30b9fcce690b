"""The methods by which a fine-tuning changes the weights, a file each."""
