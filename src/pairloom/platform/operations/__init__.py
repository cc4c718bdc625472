"""What the API does: one function for each operation, from members to members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pairloom.platform.operations.logs import (
    describe_log_streams,
    filter_log_events,
    get_log_events,
)
from pairloom.platform.operations.metrics import get_metric_data, get_metric_statistics
from pairloom.platform.operations.platform import Operation, Platform
from pairloom.platform.operations.roles import (
    create_role,
    get_caller_identity,
    get_role,
    simulate_principal_policy,
)
from pairloom.platform.operations.search import search
from pairloom.platform.operations.tags import add_tags, delete_tags, list_tags
from pairloom.platform.operations.training_jobs import (
    create_training_job,
    describe_training_job,
    list_training_jobs,
    stop_training_job,
)

__all__ = ["OPERATIONS", "Operation", "Platform"]

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("sagemaker", "CreateTrainingJob"): create_training_job,
    ("sagemaker", "DescribeTrainingJob"): describe_training_job,
    ("sagemaker", "ListTrainingJobs"): list_training_jobs,
    ("sagemaker", "StopTrainingJob"): stop_training_job,
    ("sagemaker", "AddTags"): add_tags,
    ("sagemaker", "ListTags"): list_tags,
    ("sagemaker", "DeleteTags"): delete_tags,
    ("sagemaker", "Search"): search,
    ("logs", "DescribeLogStreams"): describe_log_streams,
    ("logs", "GetLogEvents"): get_log_events,
    ("logs", "FilterLogEvents"): filter_log_events,
    ("cloudwatch", "GetMetricStatistics"): get_metric_statistics,
    ("cloudwatch", "GetMetricData"): get_metric_data,
    ("sts", "GetCallerIdentity"): get_caller_identity,
    ("iam", "GetRole"): get_role,
    ("iam", "CreateRole"): create_role,
    ("iam", "SimulatePrincipalPolicy"): simulate_principal_policy,
}
"""By botocore's names of service and operation."""
