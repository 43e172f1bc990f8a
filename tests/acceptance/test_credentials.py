"""STS, RAM and Location as official clients call them, and the credentials these give out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
import sqlalchemy as sa
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_ecs20140526.models import DescribeRegionsRequest
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.endpoint.location.DescribeEndpointsRequest import DescribeEndpointsRequest
from aliyunsdkcore.request import CommonRequest

from imageferry.accounts import access_keys, bearer_tokens
from imageferry.accounts.tables import access_keys as keys_table
from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.service.key_cache import KEPT_SECONDS
from support.command import document, run
from support.service import REGION, VERSION, Service

VERSIONS = {"ecs": VERSION, "sts": "2015-04-01", "ram": "2015-05-01"}
ROLE = "AliyunECSImageImportDefaultRole"
POLICY = {"PolicyType": "System", "PolicyName": "AliyunECSImageImportRolePolicy"}
TRUST = json.dumps({"Version": "1", "Statement": [{"Action": "sts:AssumeRole"}]})

Credentials = dict[str, str]
Call = Callable[..., dict[str, Any]]


def _address(url: str) -> str:
    return url.removeprefix("http://")


def _call_with(client: AcsClient, service: Service) -> Call:
    def call(product: str, action: str, **parameters: str) -> dict[str, Any]:
        request = CommonRequest(version=VERSIONS[product], action_name=action)
        request.set_domain(_address(service.ecs))
        request.set_method("POST")
        for name, value in parameters.items():
            request.add_query_param(name, value)
        reply: dict[str, Any] = json.loads(client.do_action_with_exception(request))
        return reply

    return call


@pytest.fixture
def call(service: Service) -> Call:
    """Calls an action of a product with the first account's key."""
    client = AcsClient(service.access_key_id, service.access_key_secret, REGION)
    return _call_with(client, service)


@pytest.fixture
def account(call: Call) -> str:
    """The first account."""
    return str(call("sts", "GetCallerIdentity")["AccountId"])


@pytest.fixture
def credentials(call: Call, account: str) -> Credentials:
    """Temporary credentials."""
    reply = call(
        "sts", "AssumeRole", RoleArn=f"acs:ram::{account}:role/{ROLE}", RoleSessionName="alice"
    )
    found: Credentials = reply["Credentials"]
    return found


def _legacy(service: Service, credentials: Credentials) -> Call:
    credential = StsTokenCredential(
        credentials["AccessKeyId"], credentials["AccessKeySecret"], credentials["SecurityToken"]
    )
    return _call_with(AcsClient(region_id=REGION, credential=credential), service)


def _tea(service: Service, algorithm: str | None, **credentials: str) -> Callable[[], list[str]]:
    config = Config(
        endpoint=_address(service.ecs),
        protocol="http",
        region_id=REGION,
        signature_algorithm=algorithm,
        **credentials,
    )
    client = EcsClient(config)

    def regions() -> list[str]:
        reply = client.describe_regions(DescribeRegionsRequest())
        return [region.region_id for region in reply.body.regions.region]

    return regions


def _objects(service: Service, credentials: Credentials) -> oss.Client:
    configuration = oss.config.load_default()
    configuration.credentials_provider = oss.credentials.StaticCredentialsProvider(
        credentials["AccessKeyId"], credentials["AccessKeySecret"], credentials["SecurityToken"]
    )
    configuration.region = REGION
    configuration.endpoint = service.oss
    configuration.use_path_style = True
    return oss.Client(configuration)


def _in_database(service: Service, change: Callable[[sa.Connection], Any]) -> Any:
    database = Database(f"sqlite:///{service.data_dir / 'imageferry.db'}")
    with closing(database), database.write() as connection:
        return change(connection)


def _expire(service: Service, credentials: Credentials) -> None:
    mine = keys_table.c.access_key_id == credentials["AccessKeyId"]
    _in_database(
        service,
        lambda connection: connection.execute(
            sa.update(keys_table).where(mine).values(expires=now() - timedelta(seconds=1))
        ),
    )
    time.sleep(KEPT_SECONDS)  # both APIs remember for so long what they have looked up


def _expired_bearer(service: Service) -> str:
    def issue(connection: sa.Connection) -> str:
        account = access_keys.first_account(connection)
        assert account is not None
        return bearer_tokens.issue(connection, account, timedelta(seconds=-1))

    token: str = _in_database(service, issue)
    return token


def test_location_leads_to_this_service(service: Service) -> None:
    client = AcsClient(service.access_key_id, service.access_key_secret, REGION)
    for code, url in (("ecs", service.ecs), ("oss", service.oss)):
        request = DescribeEndpointsRequest()
        request.set_accept_format("json")
        request.set_Id(REGION)
        request.set_ServiceCode(code)
        request.set_Type("openAPI")
        request.set_endpoint(_address(service.ecs))
        reply = json.loads(client.do_action_with_exception(request))
        (endpoint,) = reply["Endpoints"]["Endpoint"]
        assert (endpoint["Endpoint"], endpoint["SerivceCode"]) == (_address(url), code)


def test_a_key_is_told_whose_it_is(call: Call, account: str) -> None:
    identity = call("sts", "GetCallerIdentity")

    assert identity["Arn"] == f"acs:ram::{account}:root"
    assert identity["IdentityType"] == "Account"


def test_packer_and_linuxkit_find_ecs_s_role_or_make_it(call: Call) -> None:
    assert call("ram", "GetRole", RoleName=ROLE)["Role"]["RoleName"] == ROLE
    (policy,) = call("ram", "ListPoliciesForRole", RoleName=ROLE)["Policies"]["Policy"]
    assert policy["PolicyName"] == POLICY["PolicyName"]
    assert call("ram", "GetPolicy", **POLICY)["Policy"]["DefaultVersion"] == "v1"
    call("ram", "UpdateRole", RoleName=ROLE, NewAssumeRolePolicyDocument=TRUST)

    call("ram", "CreateRole", RoleName="packer-role", AssumeRolePolicyDocument=TRUST)
    assert call("ram", "AttachPolicyToRole", RoleName="packer-role", **POLICY)["RequestId"]
    for action, parameters, status, code in (
        ("GetRole", {"RoleName": "nobody"}, 404, "EntityNotExist.Role"),
        (
            "CreateRole",
            {"RoleName": "packer-role", "AssumeRolePolicyDocument": TRUST},
            409,
            "EntityAlreadyExists.Role",
        ),
    ):
        with pytest.raises(ServerException) as refused:
            call("ram", action, **parameters)
        assert (refused.value.get_http_status(), refused.value.get_error_code()) == (status, code)


def test_temporary_credentials_of_the_legacy_sdk(
    service: Service, credentials: Credentials, account: str
) -> None:
    call = _legacy(service, credentials)

    assert REGION in str(call("ecs", "DescribeRegions"))
    identity = call("sts", "GetCallerIdentity")
    assert identity["Arn"] == f"acs:ram::{account}:assumed-role/{ROLE}/alice"

    _expire(service, credentials)
    with pytest.raises(ServerException) as refused:
        call("ecs", "DescribeRegions")
    assert refused.value.get_error_code() == "InvalidSecurityToken.Expired"


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_temporary_credentials_of_the_tea_sdk(
    service: Service, credentials: Credentials, algorithm: str | None
) -> None:
    regions = _tea(
        service,
        algorithm,
        access_key_id=credentials["AccessKeyId"],
        access_key_secret=credentials["AccessKeySecret"],
        security_token=credentials["SecurityToken"],
    )

    assert REGION in regions()
    _expire(service, credentials)
    with pytest.raises(ClientException) as refused:
        regions()
    assert refused.value.code == "InvalidSecurityToken.Expired"


def test_temporary_credentials_of_the_oss_sdk(service: Service, credentials: Credentials) -> None:
    objects = _objects(service, credentials)
    objects.put_bucket(oss.PutBucketRequest(bucket="temporary"))
    objects.put_object(oss.PutObjectRequest(bucket="temporary", key="disk.raw", body=b"data"))

    assert service.get("temporary", "disk.raw") == b"data"
    _expire(service, credentials)
    with pytest.raises(oss.exceptions.OperationError) as refused:
        objects.delete_object(oss.DeleteObjectRequest(bucket="temporary", key="disk.raw"))
    assert "SecurityTokenExpired" in str(refused.value)
    assert service.get("temporary", "disk.raw") == b"data"


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_bearer_tokens_of_the_tea_sdk(service: Service, algorithm: str | None) -> None:
    token = document(service, "keys", "--bearer-token", "1")["BearerToken"]
    assert REGION in _tea(service, algorithm, bearer_token=token)()

    for wrong, code in (
        ("nobody-s", "InvalidParameter"),
        (_expired_bearer(service), "InvalidSecurityToken.Expired"),
    ):
        with pytest.raises(ClientException) as refused:
            _tea(service, algorithm, bearer_token=wrong)()
        assert refused.value.code == code


def test_an_access_key_and_a_bearer_token_are_not_made_at_once(service: Service) -> None:
    result = run(service, "keys", "--create", "--bearer-token", "1")

    assert result.exit_code == 2
    assert "choose one" in result.output
