"""The metrics that SageMaker takes from the log of its factorization machines.

The 26 definitions that DescribeTrainingJob returned for such a job, word for word.
"""

from __future__ import annotations

METRIC_DEFINITIONS = {
    "train:progress": r"#progress_metric: host=\S+, completed (\S+) %",
    "train:throughput": r"#throughput_metric: host=\S+, train throughput=(\S+) records/second",
    "test:rmse": r"#quality_metric: host=\S+, test rmse <loss>=(\S+)",
    "train:rmse": r"#quality_metric: host=\S+, train rmse <loss>=(\S+)",
    "train:rmse:epoch": r"#quality_metric: host=\S+, epoch=\S+, train rmse <loss>=(\S+)",
    "train:rmse:batch": r"#quality_metric: host=\S+, epoch=\S+, batch=\S+ train rmse <loss>=(\S+)",
    "test:mse": r"#quality_metric: host=\S+, test mse <loss>=(\S+)",
    "train:mse": r"#quality_metric: host=\S+, train mse <loss>=(\S+)",
    "train:mse:epoch": r"#quality_metric: host=\S+, epoch=\S+, train mse <loss>=(\S+)",
    "train:mse:batch": r"#quality_metric: host=\S+, epoch=\S+, batch=\S+ train mse <loss>=(\S+)",
    "test:absolute_loss": r"#quality_metric: host=\S+, test absolute_loss <loss>=(\S+)",
    "train:absolute_loss": r"#quality_metric: host=\S+, train absolute_loss <loss>=(\S+)",
    "train:absolute_loss:epoch":
        r"#quality_metric: host=\S+, epoch=\S+, train absolute_loss <loss>=(\S+)",
    "train:absolute_loss:batch":
        r"#quality_metric: host=\S+, epoch=\S+, batch=\S+ train absolute_loss <loss>=(\S+)",
    "test:binary_classification_accuracy":
        r"#quality_metric: host=\S+, test binary_classification_accuracy <score>=(\S+)",
    "train:binary_classification_accuracy":
        r"#quality_metric: host=\S+, train binary_classification_accuracy <score>=(\S+)",
    "train:binary_classification_accuracy:epoch":
        r"#quality_metric: host=\S+, epoch=\S+, train binary_classification_accuracy <score>=(\S+)",
    "train:binary_classification_accuracy:batch":
        r"#quality_metric: host=\S+, epoch=\S+, batch=\S+ train "
        r"binary_classification_accuracy <score>=(\S+)",
    "test:binary_classification_cross_entropy":
        r"#quality_metric: host=\S+, test binary_classification_cross_entropy <loss>=(\S+)",
    "train:binary_classification_cross_entropy":
        r"#quality_metric: host=\S+, train binary_classification_cross_entropy <loss>=(\S+)",
    "train:binary_classification_cross_entropy:epoch":
        r"#quality_metric: host=\S+, epoch=\S+, train "
        r"binary_classification_cross_entropy <loss>=(\S+)",
    "train:binary_classification_cross_entropy:batch":
        r"#quality_metric: host=\S+, epoch=\S+, batch=\S+ train "
        r"binary_classification_cross_entropy <loss>=(\S+)",
    "test:binary_f_beta": r"#quality_metric: host=\S+, test binary_f_1.000 <score>=(\S+)",
    "train:binary_f_beta": r"#quality_metric: host=\S+, train binary_f_1.000 <score>=(\S+)",
    "train:binary_f_beta:epoch":
        r"#quality_metric: host=\S+, epoch=\S+, train binary_f_1.000 <score>=(\S+)",
    "train:binary_f_beta:batch":
        r"#quality_metric: host=\S+, epoch=\S+, batch=\S+ train binary_f_1.000 <score>=(\S+)",
}  # fmt: skip
