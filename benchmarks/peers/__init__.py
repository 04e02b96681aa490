"""The peers: each makes a `Trainer` of a `Problem`, and runs in its own process."""
