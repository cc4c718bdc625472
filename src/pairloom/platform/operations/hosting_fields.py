"""What becomes of each field of the requests about models, endpoint configurations, endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pairloom.platform.jobs.field_fates import FieldFates

_CONTAINERS: Final = ("PrimaryContainer", "Containers")


def _of_containers(why: Mapping[str, str]) -> dict[str, str]:
    """Return reasons for either place that a model's one container may stand in."""
    return {f"{place}.{path}": reason for place in _CONTAINERS for path, reason in why.items()}


MODEL_FIELDS: Final = FieldFates(
    honoured=frozenset({"ModelName", *_CONTAINERS, "ExecutionRoleArn", "Tags"}),
    ignored={
        **_of_containers(
            {
                "ContainerHostname": "a model has one container",
                "ImageConfig": "no image is pulled",
                "ModelDataSource.S3DataSource.ModelAccessConfig": "no model asks for an agreement",
                "ContainerMetricsConfig": "metrics of containers are not collected",
            }
        ),
        "InferenceExecutionConfig": "a model has one container",
        "VpcConfig": "serving processes open no connections",
        "EnableNetworkIsolation": "serving processes open no connections",
    },
    refused=_of_containers(
        {
            "MultiModelConfig": "a container serves one model",
            "ModelPackageName": "there is no model registry",
            "InferenceSpecificationName": "there is no model registry",
            "AdditionalModelDataSources": "a model is one artifact",
            "ModelDataSource.S3DataSource.HubAccessConfig": "there is no hub",
            "ModelDataSource.S3DataSource.ManifestS3Uri": "name the artifact itself in S3Uri",
            "ModelDataSource.S3DataSource.ETag": "an artifact is taken as it is",
            "ModelDataSource.S3DataSource.ManifestEtag": "name the artifact itself in S3Uri",
        }
    ),
)

ENDPOINT_CONFIG_FIELDS: Final = FieldFates(
    honoured=frozenset(
        {
            "EndpointConfigName",
            "ProductionVariants",
            "DataCaptureConfig",
            "ExecutionRoleArn",
            "Tags",
        }
    ),
    ignored={
        "ProductionVariants.InstanceType": "every process runs on this machine",
        "ProductionVariants.VariantInstanceProvisionTimeoutInSeconds": "no instance is provided",
        "ProductionVariants.AcceleratorType": "there are no accelerators",
        "ProductionVariants.CoreDumpConfig": "no core is dumped",
        "ProductionVariants.VolumeSizeInGB": "models lie on this machine's disk",
        "ProductionVariants.ModelDataDownloadTimeoutInSeconds": "the object store is near",
        "ProductionVariants.EnableSSMAccess": "there is no instance to log in to",
        "ProductionVariants.RoutingConfig": "the least busy process is asked",
        "ProductionVariants.InferenceAmiVersion": "no image is booted",
        "ProductionVariants.CapacityReservationConfig": "no instance is reserved",
        "VpcConfig": "serving processes open no connections",
        "EnableNetworkIsolation": "serving processes open no connections",
        "MetricsConfig": "metrics of containers are not collected",
    },
    refused={
        "ProductionVariants.InstancePools": "give InitialInstanceCount",
        "ProductionVariants.ServerlessConfig": "give InitialInstanceCount",
        "ProductionVariants.ManagedInstanceScaling": "the count of processes is as asked for",
        "ProductionVariants.AcceleratorPartitionLayouts": "there are no accelerators",
        "DataCaptureConfig.KmsKeyId": "nothing is encrypted by KMS",
        "KmsKeyId": "nothing is encrypted by KMS",
        "AsyncInferenceConfig": "endpoints answer at once",
        "ExplainerConfig": "endpoints explain nothing",
        "ShadowProductionVariants": "give ProductionVariants",
        "CrossRegionTrafficConfig": "there is one region",
    },
)

_AT_ONCE: Final = "requests go to the new processes all at once, when every one of them answers"

ENDPOINT_FIELDS: Final = FieldFates(
    honoured=frozenset({"EndpointName", "EndpointConfigName", "Tags"}),
    ignored={"DeploymentConfig": _AT_ONCE},
    refused={},
)

ENDPOINT_UPDATE_FIELDS: Final = FieldFates(
    honoured=frozenset(
        {
            "EndpointName",
            "EndpointConfigName",
            "RetainAllVariantProperties",
            "ExcludeRetainedVariantProperties",
            "RetainDeploymentConfig",
        }
    ),
    ignored={"DeploymentConfig": _AT_ONCE},
    refused={},
)

WEIGHTS_FIELDS: Final = FieldFates(
    honoured=frozenset({"EndpointName", "DesiredWeightsAndCapacities"}),
    ignored={},
    refused={
        "DesiredWeightsAndCapacities.ServerlessUpdateConfig": "give DesiredInstanceCount",
    },
)

INVOCATION_FIELDS: Final = FieldFates(
    honoured=frozenset(
        {
            "EndpointName",
            "Body",
            "ContentType",
            "Accept",
            "CustomAttributes",
            "TargetVariant",
            "InferenceId",
        }
    ),
    ignored={"PrefixAwareId": "there is no cache to route by"},
    refused={
        "TargetModel": "a container serves one model",
        "TargetContainerHostname": "a model has one container",
        "EnableExplanations": "endpoints explain nothing",
        "InferenceComponentName": "there are no inference components",
        "SessionId": "there are no sessions",
    },
)
