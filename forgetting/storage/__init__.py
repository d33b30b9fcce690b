"""Bytes in a folder or a bucket, and claims on them."""
