"""From a source to named splits of samples, and from those to batches."""
