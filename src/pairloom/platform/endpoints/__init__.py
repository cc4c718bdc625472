"""Endpoints: serving processes for every variant, kept alive, swapped and ended by a runner."""
