"""What a user reads, copies and edits: the data of `forgetting.launch`."""
