"""CloudWatch, STS and IAM through boto3; what no client of ours sends."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from integration.platform_api import UNCHECKED, RunningApi, running_api
from pairloom.platform.store import MetricPoint

GROUP = "/aws/sagemaker/TrainingJobs"
BEGUN = 1_795_417_440.0  # a whole minute


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(tmp_path_factory.mktemp("platform")) as api:
        points = [MetricPoint("train:rmse", float(index), BEGUN + 20 * index) for index in range(9)]
        api.store.append_metrics({"TrainingJobName": "fm"}, points)
        yield api


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


STATISTICS = {
    "Namespace": GROUP,
    "MetricName": "train:rmse",
    "Dimensions": [{"Name": "TrainingJobName", "Value": "fm"}],
    "StartTime": _utc(BEGUN),
    "EndTime": _utc(BEGUN + 121),
    "Period": 60,
}


def test_statistics_are_taken_by_period(api: RunningApi) -> None:
    """As the SDK's TrainingJobAnalytics asks; points 0 to 6 lie in the time, 3 to a minute."""
    client = api.client("cloudwatch")
    answer = client.get_metric_statistics(
        **STATISTICS,
        Statistics=["Average", "Sum", "SampleCount", "Minimum", "Maximum"],
        ExtendedStatistics=["p50"],
    )
    assert answer["Label"] == "train:rmse"
    minutes = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    assert [point["Timestamp"] for point in minutes] == [
        _utc(BEGUN), _utc(BEGUN + 60), _utc(BEGUN + 120)
    ]  # fmt: skip
    assert [point["Average"] for point in minutes] == [1.0, 4.0, 6.0]
    assert [point["Sum"] for point in minutes] == [3.0, 12.0, 6.0]
    assert [point["SampleCount"] for point in minutes] == [3.0, 3.0, 1.0]
    assert (minutes[1]["Minimum"], minutes[1]["Maximum"]) == (3.0, 5.0)
    assert minutes[1]["ExtendedStatistics"] == {"p50": 4.0}
    assert minutes[0]["Unit"] == "None"


def test_metric_of_another_unit_or_job_has_no_points(api: RunningApi) -> None:
    client = api.client("cloudwatch")
    asked = {**STATISTICS, "Statistics": ["Average"]}
    assert client.get_metric_statistics(**asked, Unit="Seconds")["Datapoints"] == []
    asked["Dimensions"] = [{"Name": "TrainingJobName", "Value": "other"}]
    assert client.get_metric_statistics(**asked)["Datapoints"] == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Period": 7}, "InvalidParameterValueException"),
        ({"EndTime": _utc(BEGUN)}, "InvalidParameterValueException"),
        ({"Statistics": ["Mode"]}, "ValidationError"),
        ({"ExtendedStatistics": ["p101"]}, "InvalidParameterValueException"),
        ({"Statistics": []}, "ValidationError"),
    ],
)
def test_statistics_that_cannot_be_taken_are_refused(
    changed: dict[str, Any], code: str, api: RunningApi
) -> None:
    client = api.client("cloudwatch", config=UNCHECKED)
    with pytest.raises(ClientError) as raised:
        client.get_metric_statistics(**{**STATISTICS, "Statistics": ["Sum"], **changed})
    assert raised.value.response["Error"]["Code"] == code


def test_metric_data_come_in_pages_and_either_order(api: RunningApi) -> None:
    client = api.client("cloudwatch")
    metric = {name: STATISTICS[name] for name in ("Namespace", "MetricName", "Dimensions")}
    queries = [
        {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}
        for name, stat in (("a", "Average"), ("b", "Maximum"))
    ]
    times = {"StartTime": _utc(BEGUN), "EndTime": _utc(BEGUN + 121)}
    whole = client.get_metric_data(MetricDataQueries=queries, **times)["MetricDataResults"]
    assert [result["Values"] for result in whole] == [[6.0, 4.0, 1.0], [6.0, 5.0, 2.0]]
    assert {result["StatusCode"] for result in whole} == {"Complete"}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, ScanBy="TimestampAscending", MaxDatapoints=2, **times
    )
    values: dict[str, list[float]] = {"a": [], "b": []}
    for page in pages:
        for result in page["MetricDataResults"]:
            values[result["Id"]] += result["Values"]
    assert values == {"a": [1.0, 4.0, 6.0], "b": [2.0, 5.0, 6.0]}


def test_caller_is_an_assumed_role(api: RunningApi) -> None:
    identity = api.client("sts").get_caller_identity()
    assert identity["Account"] == "111122223333"
    assert identity["Arn"] == (
        "arn:aws:sts::111122223333:assumed-role/PairloomExecutionRole/pairloom"
    )


def test_role_of_the_platform_trusts_sagemaker(api: RunningApi) -> None:
    role = api.client("iam").get_role(RoleName="PairloomExecutionRole")["Role"]
    assert role["Arn"] == "arn:aws:iam::111122223333:role/PairloomExecutionRole"
    statement = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}


def test_role_is_made_once_and_found(api: RunningApi) -> None:
    client = api.client("iam")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})
    asked = {
        "RoleName": "own",
        "Path": "/service-role/",
        "AssumeRolePolicyDocument": policy,
        "Tags": [{"Key": "team", "Value": "one \u00fc"}],
        "Description": "<one> & \u00fc",
        "MaxSessionDuration": 7200,
    }
    made = client.create_role(**asked)["Role"]
    assert made["Arn"] == "arn:aws:iam::111122223333:role/service-role/own"
    found = client.get_role(RoleName="own")["Role"]
    assert found == made
    assert found["Description"] == asked["Description"]
    assert (found["Tags"], found["MaxSessionDuration"]) == (asked["Tags"], 7200)
    for name in ("own", "PairloomExecutionRole"):
        with pytest.raises(client.exceptions.EntityAlreadyExistsException):
            client.create_role(RoleName=name, AssumeRolePolicyDocument=policy)
    with pytest.raises(client.exceptions.NoSuchEntityException, match="name nobody cannot be"):
        client.get_role(RoleName="nobody")
    with pytest.raises(client.exceptions.MalformedPolicyDocumentException):
        client.create_role(RoleName="bad", AssumeRolePolicyDocument="{}")


def test_role_may_do_everything(api: RunningApi) -> None:
    client = api.client("iam")
    pages = client.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn="arn:aws:iam::111122223333:role/PairloomExecutionRole",
        ActionNames=["s3:GetObject", "s3:PutObject", "sagemaker:CreateTrainingJob"],
        PaginationConfig={"PageSize": 2},
    )
    verdicts = [verdict for page in pages for verdict in page["EvaluationResults"]]
    assert [verdict["EvalDecision"] for verdict in verdicts] == ["allowed"] * 3
    with pytest.raises(client.exceptions.NoSuchEntityException):
        client.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::111122223333:role/nobody", ActionNames=["s3:GetObject"]
        )


@pytest.mark.parametrize(
    ("service", "call", "asked", "name"),
    [
        ("sagemaker", "list_projects", {}, "sagemaker ListProjects"),
        ("logs", "describe_log_groups", {}, "logs DescribeLogGroups"),
        ("cloudwatch", "list_metrics", {}, "cloudwatch ListMetrics"),
        ("iam", "list_roles", {}, "iam ListRoles"),
        ("sts", "get_session_token", {}, "sts GetSessionToken"),
        ("dynamodb", "list_tables", {}, "DynamoDB_20120810.ListTables"),
    ],
)
def test_operation_that_is_not_offered_is_named(
    service: str, call: str, asked: dict[str, Any], name: str, api: RunningApi
) -> None:
    with pytest.raises(ClientError, match=f"Pairloom does not offer {name}") as raised:
        getattr(api.client(service), call)(**asked)
    assert raised.value.response["Error"]["Code"] == "UnknownOperationException"


def _send(api: RunningApi, body: bytes, **headers: str) -> tuple[int, bytes]:
    """Send a body that is signed but made by no client."""
    service = "sagemaker" if "x_amz_target" in headers else "sts"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request: Any = AWSRequest("POST", f"{api.settings.api_endpoint}/", headers=named, data=body)
    pair = api.key_pair
    signer: Any = SigV4Auth(
        Credentials(pair.access_key_id, pair.secret_access_key), service, "us-east-1"
    )
    signer.add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(api.settings.api_endpoint).netloc)
    try:
        connection.request("POST", "/", body, dict(request.headers.items()))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"[]", "the body: is []; must be an object"),
        (b'{"MaxResults": NaN}', "NaN is no JSON"),
        (b'{"MaxResults": "5"}', 'MaxResults: is "5"; must be a number'),
        (b'{"MaxResults": 1.5}', "must be an integer of 64 bits"),
        (b'{"MaxResults": 1e400}', "must be an integer of 64 bits"),
        (b'{"MaxResults": true}', "MaxResults: is true; must be a number"),
        (b'{"NameContains": "\\ud800"}', "holds half a character"),
        (b'{"CreationTimeAfter": "today"}', "is no time in ISO 8601"),
        (b'{"CreationTimeAfter": 1e300, "Weather": 1}', "Weather is not a member"),
        (b"\xff", "the body is not JSON"),
    ],
)
def test_body_that_cannot_be_read_is_refused(body: bytes, message: str, api: RunningApi) -> None:
    status, answer = _send(
        api,
        body,
        x_amz_target="SageMaker.ListTrainingJobs",
        content_type="application/x-amz-json-1.1",
    )
    assert status == 400
    assert message in json.loads(answer)["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"Action=GetCallerIdentity&Version=2011-06-15&More=1", "More is not a member"),
        (b"Action=GetCallerIdentity&Version=2011-06-15&a..b=1", "is no name of a member"),
        (b"Action=GetCallerIdentity&Version=1999-01-01", "does not offer GetCallerIdentity"),
        (b"\xff\xff", "does not offer POST /"),
    ],
)
def test_form_that_cannot_be_read_is_refused(body: bytes, message: str, api: RunningApi) -> None:
    form = "application/x-www-form-urlencoded"
    status, answer = _send(api, body, content_type=form)
    assert status == 400
    assert message in answer.decode()


def test_body_beyond_the_limit_is_refused(api: RunningApi) -> None:
    status, answer = _send(api, b"x" * (6 * 2**20 + 1), x_amz_target="SageMaker.Search")
    assert status == 413
    assert b"larger than 6291456 bytes" in answer


def test_health_is_told_to_anyone(api: RunningApi) -> None:
    connection = http.client.HTTPConnection(urlsplit(api.settings.api_endpoint).netloc)
    connection.request("GET", "/health")
    assert connection.getresponse().read() == b"ok\n"
    connection.close()
