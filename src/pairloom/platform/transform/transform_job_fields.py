"""What becomes of each field of CreateTransformJob."""

from __future__ import annotations

from typing import Final

from pairloom.platform.jobs.field_fates import FieldFates

HONOURED: Final = frozenset(
    {
        "TransformJobName",
        "ModelName",
        "MaxConcurrentTransforms",
        "MaxPayloadInMB",
        "BatchStrategy",
        "Environment",
        "TransformInput",
        "TransformOutput",
        "TransformResources",
        "DataProcessing",
        "Tags",
    }
)

IGNORED: Final = {
    "ModelClientConfig": "the model answers in the job's own process; there is no connection",
    "TransformInput.CompressionType": "files wrapped by gzip are recognized by themselves",
    "TransformResources.InstanceType": "every job runs on this machine",
    "TransformResources.TransformAmiVersion": "every job runs on this machine",
    "ExperimentConfig": "there are no experiments",
}

REFUSED: Final = {
    "TransformOutput.KmsKeyId": "nothing is encrypted by KMS",
    "TransformResources.VolumeKmsKeyId": "nothing is encrypted by KMS",
    "DataCaptureConfig": "the output of a job is what would be captured",
}

TRANSFORM_JOB_FIELDS: Final = FieldFates(HONOURED, IGNORED, REFUSED)
