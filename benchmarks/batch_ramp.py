"""What the batch ramp does to the log loss of one epoch, for AdaGrad on the click workload.

python benchmarks/batch_ramp.py
"""

from __future__ import annotations

from click_data import load_click_data
from contestants import LOSS, SETTINGS
from pairloom.hyperparameters import resolve
from pairloom.training import evaluate, train

MINI_BATCH_SIZES = (64, 256, 1024, 4096)
RAMP = 64


def main() -> None:
    data = load_click_data(seed=1)
    training, test = data.train.batch(data.feature_dim), data.test.batch(data.feature_dim)
    print(f"| mini_batch_size | log loss without a ramp | with batch_ramp {RAMP} |")
    print("| --- | --- | --- |")
    for size in MINI_BATCH_SIZES:
        losses = []
        for ramp in (0, RAMP):
            settings = {
                **SETTINGS,
                "feature_dim": data.feature_dim,
                "num_factors": 8,
                "mini_batch_size": size,
                "batch_ramp": ramp,
                "linear_lr": 0.03,
                "factors_lr": 0.03,
            }
            losses.append(evaluate(train(training, resolve(settings)).model, test)[LOSS])
        print(f"| {size} | {losses[0]:.4f} | {losses[1]:.4f} |")


if __name__ == "__main__":
    main()
