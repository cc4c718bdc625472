"""One training and one prediction of xLearn; runs in xLearn's own Python, see xlearn_peer.py.

Takes one argument, a JSON object: train, test, model and predictions (paths), num_factors,
num_threads, epochs. xLearn's log goes to standard output, as xLearn writes it, and a last line
says the CPU seconds of its `fit`, reading included.
"""

from __future__ import annotations

import json
import sys
import time

import xlearn

SETTINGS = {
    "task": "binary",
    "opt": "adagrad",
    "lr": 0.05,
    "init": 0.1,
    "lambda": 2e-5,
    "log": "log",
}


def main() -> None:
    run = json.loads(sys.argv[1])
    machine = xlearn.create_fm()
    machine.setTrain(run["train"])
    machine.disableNorm()
    settings = {
        **SETTINGS,
        "k": run["num_factors"],
        "nthread": run["num_threads"],
        "epoch": run["epochs"],
    }
    started = time.process_time()
    machine.fit(settings, run["model"])
    cpu_seconds = time.process_time() - started
    machine.setTest(run["test"])
    machine.setSigmoid()
    machine.predict(run["model"], run["predictions"])
    print(f"\nCPU seconds: {cpu_seconds:.3f}")


if __name__ == "__main__":
    main()
