"""What becomes of each field of CreateTrainingJob."""

from __future__ import annotations

from typing import Final

from pairloom.platform.jobs.field_fates import FieldFates

HONOURED: Final = frozenset(
    {
        "TrainingJobName",
        "HyperParameters",
        "AlgorithmSpecification",
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "Tags",
        "CheckpointConfig",
        "Environment",
    }
)

IGNORED: Final = {
    "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": "metrics have one resolution",
    "AlgorithmSpecification.TrainingImageConfig": "no image is pulled",
    "InputDataConfig.CompressionType": "files wrapped by gzip are recognized by themselves",
    "ResourceConfig.InstanceType": "every job runs on this machine",
    "ResourceConfig.KeepAlivePeriodInSeconds": "there is no instance to keep",
    "ResourceConfig.InstancePlacementConfig": "every job runs on this machine",
    "ResourceConfig.TrainingPlanArn": "there are no training plans",
    "StoppingCondition.MaxWaitTimeInSeconds": "there are no spot instances",
    "StoppingCondition.MaxPendingTimeInSeconds": "a job waits until a core is free",
    "CheckpointConfig.LocalPath": "checkpoints lie in /opt/ml/checkpoints",
    "VpcConfig": "jobs open no connections",
    "EnableNetworkIsolation": "jobs open no connections",
    "EnableInterContainerTrafficEncryption": "a job is one process",
    "EnableManagedSpotTraining": "there are no spot instances",
    "DebugHookConfig": "there is no debugger",
    "DebugRuleConfigurations": "there is no debugger",
    "TensorBoardOutputConfig": "nothing is written for TensorBoard",
    "ExperimentConfig": "there are no experiments",
    "ProfilerConfig": "there is no profiler",
    "ProfilerRuleConfigurations": "there is no profiler",
    "RetryStrategy": "jobs go on by themselves after a crash of the platform",
    "RemoteDebugConfig": "there is no remote debugging",
    "InfraCheckConfig": "there is no infrastructure to check",
    "SessionChainingConfig": "there are no sessions",
}

REFUSED: Final = {
    "AlgorithmSpecification.AlgorithmName": "name an image in TrainingImage",
    "AlgorithmSpecification.ContainerEntrypoint": "the train program alone is run",
    "AlgorithmSpecification.ContainerArguments": "the train program alone is run",
    "InputDataConfig.DataSource.FileSystemDataSource": "data are read from S3",
    "InputDataConfig.DataSource.DatasetSource": "data are read from S3",
    "InputDataConfig.DataSource.S3DataSource.AttributeNames": "there are no augmented manifests",
    "InputDataConfig.DataSource.S3DataSource.InstanceGroupNames": "all instances get each channel",
    "InputDataConfig.DataSource.S3DataSource.ModelAccessConfig": "data are read from S3",
    "InputDataConfig.DataSource.S3DataSource.HubAccessConfig": "there is no hub",
    "OutputDataConfig.KmsKeyId": "nothing is encrypted by KMS",
    "ResourceConfig.VolumeKmsKeyId": "nothing is encrypted by KMS",
    "ServerlessJobConfig": "there are no base models",
    "MlflowConfig": "there is no MLflow",
    "ModelPackageConfig": "there is no model registry",
}


TRAINING_JOB_FIELDS: Final = FieldFates(HONOURED, IGNORED, REFUSED)
