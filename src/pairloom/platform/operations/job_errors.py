"""What is answered where a job cannot be made, or not be stopped, in the words of SageMaker."""

from __future__ import annotations

from pairloom.platform.protocol.errors import ApiError, validation_error


def name_taken(arn: str) -> ApiError:
    """Return the error of a job whose name another has."""
    return ApiError(
        "ResourceInUse",
        "Job name must be unique within an AWS account and region, and a job with this name "
        f"already exists ({arn})",
    )


def not_running(kind: str, status: str) -> ApiError:
    """Return the error of a call that only a running job takes."""
    return validation_error(f"The request was rejected because the {kind} is in status {status}.")
