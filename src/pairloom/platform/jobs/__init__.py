"""Training jobs: taken from the store, run as processes, their results put among the objects."""
