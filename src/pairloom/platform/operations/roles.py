"""STS and IAM, as far as clients ask who they are and what their role may."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from pairloom.platform.operations.pages import page
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.request_rules import check_tags
from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.store import AlreadyExistsError

_SESSION: Final = "pairloom"
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_DAY_OF_THE_FIRST_ROLE: Final = 1_704_067_200.0  # the role that is always there has no other
_MOST_ITEMS: Final = 100


def get_caller_identity(platform: Platform, _: Members) -> Members:
    """Say who calls: the platform's role, assumed, for the SDK refuses users."""
    settings = platform.settings
    return {
        "UserId": f"{_role_id(settings.role)}:{_SESSION}",
        "Account": settings.account_id,
        "Arn": f"arn:aws:sts::{settings.account_id}:assumed-role/{settings.role}/{_SESSION}",
    }


def get_role(platform: Platform, request: Members) -> Members:
    """Return a role: the platform's own, or one that CreateRole made."""
    name = request["RoleName"]
    stored = platform.store.role(name)
    if stored is not None:
        return {"Role": _role(platform, dict(stored.request), stored.created_at)}
    if name != platform.settings.role:
        raise _absent(name)
    own = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(_TRUST)}
    return {"Role": _role(platform, own, _DAY_OF_THE_FIRST_ROLE)}


def create_role(platform: Platform, request: Members) -> Members:
    """Keep a role; it may do what every role may here, which is all."""
    name = request["RoleName"]
    exists = ApiError("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
    if name == platform.settings.role:
        raise exists
    _check_policy(request["AssumeRolePolicyDocument"])
    check_tags(request.get("Tags", []))
    try:
        role = platform.store.create_role(name, request)
    except AlreadyExistsError:
        raise exists from None
    return {"Role": _role(platform, request, role.created_at)}


def simulate_principal_policy(platform: Platform, request: Members) -> Members:
    """Say what a role may do: everything."""
    arn = request["PolicySourceArn"]
    name = arn.rpartition("/")[2]
    if name != platform.settings.role and platform.store.role(name) is None:
        raise _absent(name)
    resources = request.get("ResourceArns") or ["*"]
    verdicts = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": "allowed",
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for action in request["ActionNames"]
        for resource in resources
    ]
    shown, following = page(verdicts, request.get("Marker"), request.get("MaxItems", _MOST_ITEMS))
    return {
        "EvaluationResults": shown,
        "IsTruncated": following is not None,
        "Marker": following,
    }


def _role(platform: Platform, request: Members, created_at: float) -> Members:
    name, path = request["RoleName"], request.get("Path", "/")
    boundary = request.get("PermissionsBoundary")
    return {
        "Path": path,
        "RoleName": name,
        "RoleId": _role_id(name),
        "Arn": f"arn:aws:iam::{platform.settings.account_id}:role{path}{name}",
        "CreateDate": created_at,
        "AssumeRolePolicyDocument": quote(request["AssumeRolePolicyDocument"], safe=""),
        "Description": request.get("Description"),
        "MaxSessionDuration": request.get("MaxSessionDuration", 3600),
        "PermissionsBoundary": boundary
        and {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": boundary,
        },
        "Tags": request.get("Tags") or None,
    }


def _role_id(name: str) -> str:
    return f"AROA{base64.b32encode(sha256(name.encode()).digest()).decode()[:16]}"


def _check_policy(document: str) -> None:
    try:
        policy: Any = json.loads(document)
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise ApiError(
            "MalformedPolicyDocument", "AssumeRolePolicyDocument must be JSON with a Statement"
        )


def _absent(name: str) -> ApiError:
    return ApiError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
