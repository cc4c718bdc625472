"""What becomes of each field of CreateHyperParameterTuningJob."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pairloom.platform.jobs.field_fates import FieldFates
from pairloom.platform.jobs.training_job_fields import IGNORED as IGNORED_OF_TRAINING
from pairloom.platform.jobs.training_job_fields import REFUSED as REFUSED_OF_TRAINING

DEFINITION: Final = "TrainingJobDefinition"
_RESOURCES: Final = "HyperParameterTuningResourceConfig"
_ONE_SET: Final = "ranges and objective stand in HyperParameterTuningJobConfig"
_GIVE_RANGES: Final = "give ranges of hyperparameters"
# Members of CreateTrainingJob that a definition has not.
_ABSENT: Final = frozenset(
    {
        "AlgorithmSpecification.ContainerArguments",
        "AlgorithmSpecification.ContainerEntrypoint",
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries",
        "AlgorithmSpecification.TrainingImageConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "ExperimentConfig",
        "InfraCheckConfig",
        "MlflowConfig",
        "ModelPackageConfig",
        "ProfilerConfig",
        "ProfilerRuleConfigurations",
        "RemoteDebugConfig",
        "ServerlessJobConfig",
        "SessionChainingConfig",
        "TensorBoardOutputConfig",
    }
)


def _of_definition(fields: Mapping[str, str]) -> dict[str, str]:
    return {f"{DEFINITION}.{path}": why for path, why in fields.items() if path not in _ABSENT}


IGNORED: Final = {
    **_of_definition(IGNORED_OF_TRAINING),
    f"{DEFINITION}.{_RESOURCES}.InstanceType": "every job runs on this machine",
    f"{DEFINITION}.{_RESOURCES}.AllocationStrategy": "every job runs on this machine",
    f"{DEFINITION}.{_RESOURCES}.InstanceConfigs.InstanceType": "every job runs on this machine",
}

REFUSED: Final = {
    **_of_definition(REFUSED_OF_TRAINING),
    f"{DEFINITION}.TuningObjective": _ONE_SET,
    f"{DEFINITION}.HyperParameterRanges": _ONE_SET,
    f"{DEFINITION}.{_RESOURCES}.VolumeKmsKeyId": "nothing is encrypted by KMS",
    f"{DEFINITION}s": "there is one algorithm; give one TrainingJobDefinition",
    "HyperParameterTuningJobConfig.ParameterRanges.AutoParameters": _GIVE_RANGES,
    "Autotune": _GIVE_RANGES,
}

TUNING_JOB_FIELDS: Final = FieldFates(
    frozenset(
        {
            "HyperParameterTuningJobName",
            "HyperParameterTuningJobConfig",
            DEFINITION,
            "WarmStartConfig",
            "Tags",
        }
    ),
    IGNORED,
    REFUSED,
)
