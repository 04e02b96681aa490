"""What a training leaves on disk: run directories, weights, checkpoints, and every disk effect of the project."""
