"""Many runs from one spec: which trials, where they run, and how they compare."""
