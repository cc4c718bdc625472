"""The train program over a folder laid out as /opt/ml: every file that it writes, its log."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mnist import load_mnist
from sklearn.metrics import confusion_matrix, f1_score, log_loss, mean_absolute_error
from sklearn.metrics import mean_squared_error as mse

from contract.job_tree import WITHOUT_REPORT, JobTree
from contract.metric_definitions import METRIC_DEFINITIONS
from integration.runs import one_hot_rows
from pairloom.batch import RowBatch
from pairloom.model import Model
from quality.movielens import load_ratings

PREFIX = r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d (INFO|WARNING|ERROR) \d+\] "


@dataclass(frozen=True, eq=False)
class Job:
    """A job that ran."""

    tree: JobTree
    done: subprocess.CompletedProcess[str]
    test: RowBatch

    def values(self, metric: str) -> list[float]:
        """Take a metric out of the log as SageMaker does."""
        return [float(value) for value in re.findall(METRIC_DEFINITIONS[metric], self.done.stdout)]


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Job:
    ratings = load_ratings()
    order = np.random.default_rng(0).permutation(len(ratings.stars))
    tree = JobTree(tmp_path_factory.mktemp("regression"))
    test = ratings[order[90_000:]].rows()
    tree.shards("train", *(ratings[part].rows() for part in np.split(order[:90_000], 3)))
    tree.shards("test", test)
    tree.configure(feature_dim=ratings.feature_dim, num_factors=8, predictor_type="regressor",
                   epochs=3, factors_lr=0.01, linear_lr=0.02, _tuning_objective_metric="test:rmse",
                   batch_metrics_publish_interval=50)  # fmt: skip
    return Job(tree, tree.train(**WITHOUT_REPORT), test)


@pytest.fixture(scope="module")
def classification(tmp_path_factory: pytest.TempPathFactory) -> Job:
    images = load_mnist()
    tree = JobTree(tmp_path_factory.mktemp("classification"))
    test = images.test.rows()
    shards = images.train.slice(0, 5000), images.train.slice(5000, 10_000)
    tree.shards("train", *(shard.rows() for shard in shards))
    tree.shards("validation", images.train.slice(10_000, 12_000).rows())
    tree.shards("test", test)
    tree.configure(feature_dim=784, num_factors=10, predictor_type="binary_classifier", epochs=3,
                   mini_batch_size=200)  # fmt: skip
    return Job(tree, tree.train(), test)


def test_all_26_metrics_are_found_in_the_logs_of_two_jobs(
    regression: Job, classification: Job
) -> None:
    assert len(METRIC_DEFINITIONS) == 26
    for job in (regression, classification):
        assert job.done.returncode == 0, job.done.stdout
    found = {
        name: regression.values(name) + classification.values(name) for name in METRIC_DEFINITIONS
    }
    assert [name for name, values in found.items() if not values] == []
    assert classification.values("train:progress") == pytest.approx([100 / 3, 200 / 3, 100])
    assert len(regression.values("train:rmse:epoch")) == 3
    assert len(regression.values("train:rmse:batch")) == 6  # batches 0 and 50 of 90
    assert len(regression.values("train:rmse")) == 1
    assert regression.values("train:rmse") == regression.values("train:rmse:epoch")[-1:]
    assert all(rate > 0 for rate in classification.values("train:throughput"))


def test_test_metrics_are_those_of_the_written_model(regression: Job, classification: Job) -> None:
    model = Model.load(regression.tree.model_folder / "model_algo-1")
    scores, labels = model.predict_rows(regression.test), regression.test.labels
    assert regression.values("test:mse")[-1] == pytest.approx(mse(labels, scores), rel=1e-6)
    expected = mean_absolute_error(labels, scores)
    assert regression.values("test:absolute_loss")[-1] == pytest.approx(expected, rel=1e-6)

    model = Model.load(classification.tree.model_folder / "model_algo-1")
    scores, labels = model.predict_rows(classification.test), classification.test.labels
    predicted = scores >= 0.5
    matrix = confusion_matrix(labels, predicted)
    accuracy = np.trace(matrix) / matrix.sum()
    assert accuracy > 0.97
    assert classification.values("test:binary_classification_accuracy") == [accuracy]
    (f_beta,) = classification.values("test:binary_f_beta")
    assert f_beta == pytest.approx(f1_score(labels, predicted))
    (entropy,) = classification.values("test:binary_classification_cross_entropy")
    assert entropy == pytest.approx(log_loss(labels, scores.astype(np.float64)), rel=1e-5)


def test_a_tuner_sees_the_test_channel_after_every_epoch(regression: Job) -> None:
    assert len(regression.values("test:rmse")) == 3
    assert regression.values("test:rmse")[-1] == min(regression.values("test:rmse"))


def test_without_a_tuner_the_test_channel_is_measured_once(classification: Job) -> None:
    assert len(classification.values("test:binary_f_beta")) == 1


def test_folders_hold_what_the_contract_says_and_no_more(
    regression: Job, classification: Job
) -> None:
    for job in (regression, classification):
        assert [path.name for path in job.tree.model_folder.iterdir()] == ["model_algo-1"]
        with zipfile.ZipFile(job.tree.model_folder / "model_algo-1") as archive:
            assert {"symbol.json", "params"} <= set(archive.namelist())
        assert not (job.tree.root / "output" / "failure").exists()
    assert [path.name for path in regression.tree.output_data.iterdir()] == ["metrics.json"]
    written = {path.name for path in classification.tree.output_data.iterdir()}
    assert written == {"metrics.json", "report"}
    report = classification.tree.output_data / "report"
    assert {"report.html", "confusion.png"} <= {path.name for path in report.iterdir()}
    metrics = classification.tree.metrics()
    assert metrics["test"]["binary_classification_accuracy"] > 0.97
    assert len(metrics["history"]) == metrics["epochs_run"] == 3
    assert metrics["history"][0]["validation"]


def test_log_has_only_lines_of_known_forms(regression: Job, classification: Job) -> None:
    for job in (regression, classification):
        for line in job.done.stdout.splitlines():
            if line.startswith("#metrics "):
                check_metrics_line(json.loads(line.removeprefix("#metrics ")))
            else:
                assert re.match(PREFIX, line), line
        assert job.done.stderr == ""


def check_metrics_line(document: dict[str, Any]) -> None:
    assert list(document) == ["StartTime", "EndTime", "Dimensions", "Metrics"]
    assert document["StartTime"] <= document["EndTime"]
    dimensions = document["Dimensions"]
    assert dimensions["Algorithm"] == "factorization-machines"
    assert (dimensions["Host"], dimensions["Operation"]) == ("algo-1", "training")
    for values in document["Metrics"].values():
        assert list(values) == ["sum", "count", "min", "max"]
        assert values["min"] <= values["sum"] / values["count"] <= values["max"]


def test_log_tells_configuration_in_the_contracts_words(regression: Job) -> None:
    log = regression.done.stdout
    config = regression.tree.root / "input" / "config"
    default = re.search(r"INFO \d+\] Reading default configuration from (\S+): (\{.*\})\n", log)
    provided = re.search(
        r"INFO \d+\] Merging with provided configuration from (\S+): (\{.*\})\n", log
    )
    final = re.search(r"INFO \d+\] Final configuration: (\{.*\})\n", log)
    assert default
    assert provided
    assert final
    assert Path(default[1]).is_file()
    assert provided[1] == str(config / "hyperparameters.json")
    # What the real container printed as its defaults, in numbers.
    known = {"epochs": "1", "mini_batch_size": "1000", "use_bias": "true", "use_linear": "true",
             "bias_lr": "0.1", "linear_lr": "0.001", "factors_lr": "0.0001", "bias_wd": "0.01",
             "linear_wd": "0.001", "factors_wd": "0.00001", "bias_init_method": "normal",
             "bias_init_sigma": "0.01", "linear_init_method": "normal", "linear_init_sigma": "0.01",
             "factors_init_method": "normal", "factors_init_sigma": "0.001",
             "batch_metrics_publish_interval": "500", "_data_format": "record",
             "_kvstore": "auto", "_learning_rate": "1.0", "_log_level": "info",
             "_num_gpus": "auto", "_num_kv_servers": "auto", "_optimizer": "adam",
             "_tuning_objective_metric": "", "_use_full_symbolic": "true",
             "_wd": "1.0"}  # fmt: skip
    shown = read_text_map(default[2])
    assert {name: numbered(shown[name]) for name in known} == {
        name: numbered(text) for name, text in known.items()
    }
    given = json.loads((config / "hyperparameters.json").read_text())
    assert read_text_map(provided[2]) == given
    assert read_text_map(final[1]) == {**shown, **given}


def read_text_map(text: str) -> dict[str, str]:
    return dict(re.findall(r"'([^']*)': '([^']*)'", text))


def numbered(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def test_metric_lines_are_written_as_the_contract_shows_them(
    regression: Job, classification: Job
) -> None:
    number = r"\d+\.\d+(e-\d+)?$"
    forms = {
        regression: (
            "#quality_metric: host=algo-1, epoch=0, batch=0 train rmse <loss>=",
            "#quality_metric: host=algo-1, epoch=0, train absolute_loss <loss>=",
            "#quality_metric: host=algo-1, train mse <loss>=",
            "#quality_metric: host=algo-1, test rmse <loss>=",
        ),
        classification: (
            "#quality_metric: host=algo-1, epoch=0, batch=0 train binary_f_1.000 <score>=",
            "#quality_metric: host=algo-1, epoch=2, train "
            "binary_classification_cross_entropy <loss>=",
            "#quality_metric: host=algo-1, train binary_classification_accuracy <score>=",
            "#quality_metric: host=algo-1, epoch=1, validation auc <score>=",
        ),
    }
    for job, lines in forms.items():
        for line in lines:
            form = re.compile(f"^{PREFIX}{re.escape(line)}{number}", re.MULTILINE)
            assert len(form.findall(job.done.stdout)) >= 1, line


def test_test_score_lines_have_the_contracts_form(regression: Job) -> None:
    found = re.findall(r"#test_score \((\S+)\) : \('(\w+)', (\S+)\)", regression.done.stdout)
    assert [(host, name) for host, name, _ in found] == [
        ("algo-1", "rmse"),
        ("algo-1", "mse"),
        ("algo-1", "absolute_loss"),
    ]
    assert float(found[0][2]) == regression.values("test:rmse")[-1]


def test_without_what_draws_it_the_report_is_left_out_and_said(tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    tree.shards("train", one_hot_rows(100))
    tree.configure(feature_dim=900, num_factors=2, predictor_type="binary_classifier")
    program = (
        "import sys\n"
        "from importlib import util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'matplotlib' else found(name)\n"
        "from pairloom.container.train import main\n"
        "sys.exit(main(sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", program, str(tree.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "No report is written: it needs matplotlib; install them with" in done.stdout
    assert [path.name for path in tree.output_data.iterdir()] == ["metrics.json"]


def test_a_report_that_cannot_be_written_costs_no_model(tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    tree.shards("train", one_hot_rows(100))
    tree.configure(feature_dim=900, num_factors=2, predictor_type="binary_classifier")
    foreign = tree.output_data / "report" / "thesis.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("years of work")
    done = tree.train()
    assert done.returncode == 0, done.stdout
    assert "WARNING" in done.stdout
    assert "no report: UserError: " in done.stdout
    assert foreign.read_text() == "years of work"
    assert (tree.model_folder / "model_algo-1").exists()
