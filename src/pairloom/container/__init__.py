"""The programs that a container runs: `train` and `serve` over a folder laid out as /opt/ml."""
