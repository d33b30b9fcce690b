"""What profiles say of TPUs, and a bucket that is none."""

ROOT = "gs://my-bucket/runs"
SKYPILOT = {"accelerator": "v5litepod-16", "infra": "gcp/us-central1"}
GKE = {
  "accelerator": "tpu-v5litepod-16",
  "cluster": "tpus",
  "project": "mine",
  "zone": "us-central1-a",
  "image": "gcr.io/mine/forgetting",
}
