"""What InvokeEndpoint answers when it has no prediction, in the words of SageMaker."""

from __future__ import annotations

from pairloom.platform.protocol.errors import ApiError, validation_error
from pairloom.platform.settings import PlatformSettings

_CLIENT, _SERVER = "client", "server"


def endpoint_not_found(name: str, account_id: str) -> ApiError:
    """Return the error of an endpoint that is not there, or has no process yet."""
    return validation_error(f"Endpoint {name} of account {account_id} not found.")


def model_error(status: int, body: bytes, *, endpoint: str, settings: PlatformSettings) -> ApiError:
    """Return the error of a model that answered with a status other than success, or not at all."""
    original = body.decode("utf-8", "replace")
    side = _CLIENT if 400 <= status < 500 else _SERVER
    region, account = settings.region, settings.account_id
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    return ApiError(
        "ModelError",
        f'Received {side} error ({status}) from model with message "{original}". See '
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logEventViewer:group={group} in account {account} for more information.",
        424,
        {
            "OriginalStatusCode": status,
            "OriginalMessage": original,
            "LogStreamArn": f"arn:aws:logs:{region}:{account}:log-group:{group}",
        },
    )


def service_unavailable(message: str) -> ApiError:
    """Return the error of an endpoint whose processes cannot be reached now."""
    return ApiError("ServiceUnavailable", message, 503)
