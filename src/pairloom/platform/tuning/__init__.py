"""Tuning jobs: what they ask for, and the tuner that launches training jobs for them."""
