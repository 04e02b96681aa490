"""From batches to parameters: optimizers, the step, the loop, evaluation."""
