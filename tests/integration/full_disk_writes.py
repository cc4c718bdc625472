"""Writes to a disk that fills up within each of them, as a program: `full_disk_writes.py FOLDER`.

It runs where it may mount, so that each write gets a disk of a megabyte, and prints what came of
each as JSON.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.container.failure import explain
from pairloom.hyperparameters import resolve
from pairloom.platform.endpoints.capture_folder import CaptureFolder
from pairloom.platform.endpoints.model_artifact import unpack
from pairloom.platform.gateway.capture_record import Captured, CaptureSettings
from pairloom.platform.gateway.capture_writer import CaptureWriter
from pairloom.platform.jobs.archive import write_archive
from pairloom.platform.jobs.job_files import Ending, JobFiles
from pairloom.platform.logs.job_log_writer import JobLogWriter
from pairloom.platform.store import Store, StoreFullError
from pairloom.serving import Predictor
from pairloom.serving.transform import TransformSettings, transform_files
from pairloom.training import Checkpoints, train
from unit.platform.endpoints.archives import packed

WIDTH, NUM_FACTORS = 2000, 160  # 1,300,000 bytes of parameters
SETTINGS = {"feature_dim": WIDTH, "num_factors": NUM_FACTORS, "predictor_type": "regressor"}
FILLING = "filling"


def model() -> Model:
    random = np.random.default_rng(5)
    return Model.from_parameters(
        resolve(SETTINGS),
        bias=1.0,
        linear_weights=random.normal(size=WIDTH).astype(np.float32),
        factors=random.normal(size=(WIDTH, NUM_FACTORS)).astype(np.float32),
    )


def rows() -> RowBatch:
    values = np.random.default_rng(6).normal(size=(8, WIDTH)).astype(np.float32)
    return RowBatch(feature_dim=WIDTH, values=values, labels=np.ones(8, np.float32))


def fill(disk: Path, left: int = 0) -> None:
    """Leave so many bytes of the disk free, in pages."""
    with (disk / FILLING).open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            file.truncate(max(0, file.tell() - left))


def failing(write: Callable[[], object]) -> str:
    """Return the reason that a job would have."""
    try:
        write()
    except Exception as error:  # noqa: BLE001  as the program's own last resort
        return explain(error)[0]
    return "nothing failed"


def native_model(disk: Path) -> str:
    return failing(lambda: model().save(disk / "model.pairloom"))


def sagemaker_model(disk: Path) -> str:
    return failing(lambda: model().save(disk / "model_algo-1"))


def checkpoint(disk: Path) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trained = train(
            rows(),
            resolve({**SETTINGS, "epochs": 2}),
            checkpoints=Checkpoints(disk, every_epochs=1),
        )
    assert trained.model is not None
    return str(caught[0].message)


def archive(disk: Path) -> str:
    folder = disk.parent / "results"
    folder.mkdir()
    model().save(folder / "model.pairloom")
    return failing(lambda: write_archive(folder, disk / "model.tar.gz"))


def artifact(disk: Path) -> str:
    path = disk.parent / "artifact.tar.gz"
    path.write_bytes(packed({"model_algo-1": bytes(1 << 20)}))
    return failing(lambda: unpack(path, disk))


def runners_note(disk: Path) -> str:
    fill(disk)
    return failing(lambda: JobFiles(disk).note_ending(Ending(0, "itself", 1.0)))


def transform(disk: Path) -> str:
    small = Model.from_parameters(
        resolve({"feature_dim": 1, "num_factors": 1, "predictor_type": "regressor"}),
        bias=1 / 3,
        linear_weights=np.zeros(1, np.float32),
        factors=np.zeros((1, 1), np.float32),
    )
    source = disk.parent / "rows.csv"
    source.write_text("1\n" * 60_000)
    settings = TransformSettings(content_type="text/csv", accept="application/jsonlines",
                                 split_type="Line", assemble_with="Line")  # fmt: skip
    files = [(source, disk / "rows.csv.out")]
    (failed,) = transform_files(files, Predictor(small).invoke, settings).failed
    return explain(failed.error)[0]


def captured(number: int) -> Captured:
    settings = CaptureSettings.of(
        {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://bucket/here",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        }
    )
    assert settings is not None
    return Captured(settings=settings, endpoint="e", variant="v", time=1_795_426_752.25,
                    request_type="text/csv", request=b"%d" % number * 1500,
                    answer_type="text/csv", answer=b"")  # fmt: skip


def capture(disk: Path) -> dict[str, Any]:
    """Say which of ten requests are in the files, the disk being full at first."""
    folder = CaptureFolder(disk / "capture")
    folder.begin("s3://bucket/here", "any")
    fill(disk, left=8192)
    writer = CaptureWriter(folder)
    for number in range(10):
        writer.take(captured(number))
    writer.start()
    writer.close()
    (disk / FILLING).unlink()
    later = CaptureWriter(folder)
    later.start()
    later.take(captured(10))
    later.close()
    text = "".join(file.path.read_text() for file in folder.complete_files())
    lines = [json.loads(line) for line in text.splitlines()]
    return {"lines": len(lines), "ends": text.endswith("\n")}


def database(disk: Path) -> dict[str, Any]:
    """Say what a store answers while its disk is full, and after."""
    kept: dict[str, Any] = {}
    with Store(f"sqlite:///{disk}/store.sqlite") as store:
        store.create_training_job("before", {})
        tried_again = told_of("pairloom.platform.jobs.patience")
        log = JobLogWriter(store, "before/algo-1-0", {}, lambda _: [])
        fill(disk)
        kept["failed"] = refusals_of(store)
        kept["read"] = store.training_job("before") is not None
        log.line("a line of a full disk")
        assert tried_again.wait(30)
        (disk / FILLING).unlink()
        log.close()
        store.create_training_job("after", {})
        kept["written"] = store.training_job("after") is not None
        kept["log"] = [event.message for event in store.log_events("before/algo-1-0")]
    return kept


def told_of(logger: str) -> threading.Event:
    """Return what is set once a logger says anything."""
    said = threading.Event()
    handler = logging.Handler()
    handler.emit = lambda record: said.set()  # type: ignore[method-assign]
    logging.getLogger(logger).addHandler(handler)
    return said


def refusals_of(store: Store) -> str:
    """Write until the file must grow, for its last page may have room."""
    try:
        for number in range(50):
            store.create_training_job(f"full-{number}", {"text": "x" * 1000})
    except StoreFullError as error:
        return str(error)
    return "nothing failed"


CASES: dict[str, Callable[[Path], Any]] = {
    case.__name__: case
    for case in (native_model, sagemaker_model, checkpoint, archive, artifact, runners_note,
                 transform, capture, database)
}  # fmt: skip


def main(root: Path) -> None:
    told = {}
    for name, case in CASES.items():
        disk = root / name / "disk"
        disk.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=True)
        said = case(disk)
        (disk / FILLING).unlink(missing_ok=True)
        left = sorted(str(path.relative_to(disk)) for path in disk.rglob("*") if path.is_file())
        told[name] = {"said": said, "left": left}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
