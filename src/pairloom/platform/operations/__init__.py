"""What the API does: one function for each operation, from members to members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pairloom.platform.operations.endpoint_configs import (
    create_endpoint_config,
    delete_endpoint_config,
    describe_endpoint_config,
    list_endpoint_configs,
)
from pairloom.platform.operations.endpoints import (
    create_endpoint,
    delete_endpoint,
    describe_endpoint,
    list_endpoints,
    update_endpoint,
    update_endpoint_weights_and_capacities,
)
from pairloom.platform.operations.logs import (
    describe_log_streams,
    filter_log_events,
    get_log_events,
)
from pairloom.platform.operations.metrics import get_metric_data, get_metric_statistics
from pairloom.platform.operations.models import (
    create_model,
    delete_model,
    describe_model,
    list_models,
)
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
from pairloom.platform.operations.transform_jobs import (
    create_transform_job,
    describe_transform_job,
    list_transform_jobs,
    stop_transform_job,
)
from pairloom.platform.operations.tuning_jobs import (
    create_tuning_job,
    describe_tuning_job,
    list_training_jobs_of_tuning_job,
    list_tuning_jobs,
    stop_tuning_job,
)

__all__ = ["OPERATIONS", "Operation", "Platform"]

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("sagemaker", "CreateTrainingJob"): create_training_job,
    ("sagemaker", "DescribeTrainingJob"): describe_training_job,
    ("sagemaker", "ListTrainingJobs"): list_training_jobs,
    ("sagemaker", "StopTrainingJob"): stop_training_job,
    ("sagemaker", "CreateModel"): create_model,
    ("sagemaker", "DescribeModel"): describe_model,
    ("sagemaker", "ListModels"): list_models,
    ("sagemaker", "DeleteModel"): delete_model,
    ("sagemaker", "CreateEndpointConfig"): create_endpoint_config,
    ("sagemaker", "DescribeEndpointConfig"): describe_endpoint_config,
    ("sagemaker", "ListEndpointConfigs"): list_endpoint_configs,
    ("sagemaker", "DeleteEndpointConfig"): delete_endpoint_config,
    ("sagemaker", "CreateEndpoint"): create_endpoint,
    ("sagemaker", "DescribeEndpoint"): describe_endpoint,
    ("sagemaker", "ListEndpoints"): list_endpoints,
    ("sagemaker", "UpdateEndpoint"): update_endpoint,
    (
        "sagemaker",
        "UpdateEndpointWeightsAndCapacities",
    ): update_endpoint_weights_and_capacities,
    ("sagemaker", "DeleteEndpoint"): delete_endpoint,
    ("sagemaker", "CreateHyperParameterTuningJob"): create_tuning_job,
    ("sagemaker", "DescribeHyperParameterTuningJob"): describe_tuning_job,
    ("sagemaker", "ListHyperParameterTuningJobs"): list_tuning_jobs,
    ("sagemaker", "StopHyperParameterTuningJob"): stop_tuning_job,
    (
        "sagemaker",
        "ListTrainingJobsForHyperParameterTuningJob",
    ): list_training_jobs_of_tuning_job,
    ("sagemaker", "CreateTransformJob"): create_transform_job,
    ("sagemaker", "DescribeTransformJob"): describe_transform_job,
    ("sagemaker", "ListTransformJobs"): list_transform_jobs,
    ("sagemaker", "StopTransformJob"): stop_transform_job,
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
