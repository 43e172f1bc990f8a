import re
from pathlib import Path

import alibabacloud_oss_v2
import oss2
import pytest

from imageferry.oss import (
    bucket_operations,
    listing,
    multipart_operations,
    object_operations,
    subresources,
)
from imageferry.oss.call import Operation
from imageferry.oss.errors import OssError
from imageferry.oss.operations import operation_for
from imageferry.oss.request import OssRequest, parse_request


def asked(method: str, path: bytes, query: bytes = b"") -> OssRequest:
    return next(parse_request(method, path, query, []).addressed())


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("GET", b"/", b"", bucket_operations.list_buckets),
        ("GET", b"/b", b"prefix=a&delimiter=/", listing.list_objects),
        ("GET", b"/b/", b"bucketInfo", bucket_operations.get_bucket_info),
        ("GET", b"/b", b"uploads", multipart_operations.list_multipart_uploads),
        ("POST", b"/b/k", b"uploads", multipart_operations.initiate_multipart_upload),
        ("PUT", b"/b/k", b"partNumber=1&uploadId=x", multipart_operations.upload_part),
        ("PUT", b"/b/k", b"", object_operations.put_object),
        ("HEAD", b"/b/k", b"objectMeta", object_operations.get_object_meta),
        ("GET", b"/b/k", b"versionId=null", object_operations.get_object),
        ("DELETE", b"/b", b"lifecycle", subresources.delete_bucket_configuration),
        ("PUT", b"/b", b"website", subresources.put_bucket_configuration),
    ],
)
def test_what_requests_ask_for(
    method: str, path: bytes, query: bytes, operation: Operation
) -> None:
    assert operation_for(asked(method, path, query)) is operation


@pytest.mark.parametrize(
    ("method", "path", "query", "code"),
    [
        ("POST", b"/", b"", "MethodNotAllowed"),
        ("PATCH", b"/b/k", b"", "MethodNotAllowed"),
        ("HEAD", b"/b", b"", "MethodNotAllowed"),
        ("DELETE", b"/b", b"acl", "MethodNotAllowed"),
        ("GET", b"/b/k", b"x-oss-process=image/resize", "NotImplemented"),
        ("GET", b"/b/k", b"symlink", "NotImplemented"),
        ("GET", b"/b/k", b"lifecycle", "NotImplemented"),
        ("GET", b"/b/k", b"versionId=abc", "NoSuchVersion"),
        ("GET", b"//k", b"", "InvalidBucketName"),
    ],
)
def test_requests_that_ask_for_nothing_we_have(
    method: str, path: bytes, query: bytes, code: str
) -> None:
    with pytest.raises(OssError) as refused:
        operation_for(asked(method, path, query))
    assert refused.value.code.code == code


def sdk_subresources() -> set[str]:
    """The sub-resources that the official SDKs ask for."""
    operations = Path(alibabacloud_oss_v2.__file__).with_name("operations")
    sources = [path.read_text() for path in operations.glob("*.py")]
    without_value = {name for text in sources for name in re.findall(r"'([A-Za-z-]+)': ''", text)}
    parameters = {"callback", "continuation-token", "inventoryId", "sequential", "status"}
    parameters |= {"styleName", "versionId", "wormId", "x-oss-access-point-name"}
    parameters |= {"x-oss-redundancy-transition-taskid", "x-oss-target-redundancy-type"}
    constants = {value for name, value in vars(oss2.Bucket).items() if name.isupper()}
    return without_value | {name for name in constants if isinstance(name, str)} - parameters


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("path", [b"/b", b"/b/k"])
def test_a_sub_resource_is_never_taken_for_the_bucket_or_object_itself(
    method: str, path: bytes
) -> None:
    """To delete an object's retention must not delete the object."""
    whole = operation_for(asked(method, path))
    names = sdk_subresources()
    assert names >= {"acl", "retention", "userDefinedLogFieldsConfig"}
    assert [name for name in sorted(names) if _operation(method, path, name) is whole] == []


def _operation(method: str, path: bytes, name: str) -> Operation | None:
    try:
        return operation_for(asked(method, path, name.encode()))
    except OssError:
        return None
