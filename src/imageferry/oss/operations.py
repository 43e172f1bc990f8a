"""Which operation a request asks for."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.oss import bucket_operations as buckets
from imageferry.oss import listing, multipart_operations, subresources
from imageferry.oss import object_operations as objects
from imageferry.oss.call import Operation
from imageferry.oss.error_codes import (
    INVALID_BUCKET_NAME,
    METHOD_NOT_ALLOWED,
    NO_SUCH_VERSION,
    NOT_IMPLEMENTED,
)
from imageferry.oss.request import OssRequest

Operations = dict[tuple[str, str], Operation]
"""Operations by the method and the sub-resource, which is empty for the thing itself."""

_SERVICE: Operations = {("GET", ""): buckets.list_buckets}

_BUCKET: Operations = {
    ("GET", ""): listing.list_objects,
    ("PUT", ""): buckets.put_bucket,
    ("DELETE", ""): buckets.delete_bucket,
    ("GET", "bucketInfo"): buckets.get_bucket_info,
    ("GET", "location"): buckets.get_bucket_location,
    ("GET", "stat"): buckets.get_bucket_stat,
    ("GET", "acl"): buckets.get_bucket_acl,
    ("PUT", "acl"): buckets.put_bucket_acl,
    ("GET", "uploads"): multipart_operations.list_multipart_uploads,
    ("GET", "versions"): listing.list_object_versions,
    ("POST", "delete"): objects.delete_multiple_objects,
    **{("GET", name): subresources.read(name) for name in subresources.NAMES},
    **{("DELETE", name): subresources.delete_bucket_configuration for name in subresources.NAMES},
    **{("PUT", name): subresources.put_bucket_configuration for name in subresources.NAMES},
}

_OBJECT: Operations = {
    ("GET", ""): objects.get_object,
    ("HEAD", ""): objects.head_object,
    ("PUT", ""): objects.put_object,
    ("DELETE", ""): objects.delete_object,
    ("HEAD", "objectMeta"): objects.get_object_meta,
    ("GET", "acl"): objects.get_object_acl,
    ("PUT", "acl"): objects.put_object_acl,
    ("GET", "tagging"): objects.get_object_tagging,
    ("POST", "append"): objects.append_object,
    ("POST", "uploads"): multipart_operations.initiate_multipart_upload,
    ("PUT", "uploadId"): multipart_operations.upload_part,
    ("POST", "uploadId"): multipart_operations.complete_multipart_upload,
    ("DELETE", "uploadId"): multipart_operations.abort_multipart_upload,
    ("GET", "uploadId"): multipart_operations.list_parts,
}

_KNOWN_ELSEWHERE_NAMES = """
    MetaQuery accessPoint accessPointConfigForObjectProcess accessPointForObjectProcess
    accessPointPolicy accessPointPolicyForObjectProcess asyncFetch cleanRestoredObject cloudboxes
    cname comp dataPipeline img legalHold live metadataConfiguration metadataInventoryTable
    metadataJournalTable objectInfo objectWorm overwriteConfig qos qosInfo qosRequester quota
    redundancyTransition regionList regions replicationLocation replicationProgress
    requesterQosInfo resourcePool resourcePoolBuckets resourcePoolInfo responseHeader restore
    retention rtc seal symlink userDefinedLogFieldsConfig vod wormExtend x-oss-async-process
    x-oss-process x-oss-write-get-object-response
"""
_KNOWN_ELSEWHERE = frozenset(_KNOWN_ELSEWHERE_NAMES.split())
"""OSS's other sub-resources: a request for one must not be taken for one of the whole object."""

_SUBRESOURCES = _KNOWN_ELSEWHERE.union(
    *({name for _, name in table} for table in (_BUCKET, _OBJECT))
) - {""}

OPERATION_NAMES: Mapping[str, str] = {
    operation.__name__: "".join(word.capitalize() for word in operation.__name__.split("_"))
    for table in (_SERVICE, _BUCKET, _OBJECT)
    for operation in table.values()
}
"""OSS's names of the operations, by those of their functions: ``PutObject`` of ``put_object``."""


def operation_for(request: OssRequest) -> Operation:
    """The operation that a request asks for.

    Raises:
        OssError: there is none, or it is one that this service does not have.
    """
    table = _table(request)
    name = next((name for name, _ in request.parameters if name in _SUBRESOURCES), "")
    operation = table.get((request.method, name))
    if operation is not None:
        return operation
    if name and all(name != known for _, known in table):
        raise NOT_IMPLEMENTED.error(f"This service has no sub-resource {name} here.")
    raise METHOD_NOT_ALLOWED.error(Method=request.method, ResourceType=name or "Object")


def _table(request: OssRequest) -> Operations:
    if request.parameter("versionId") not in {None, "", "null"}:
        raise NO_SUCH_VERSION.error(VersionId=request.parameter("versionId") or "")
    if not request.bucket:
        if request.key:
            raise INVALID_BUCKET_NAME.error()
        return _SERVICE
    return _OBJECT if request.key else _BUCKET
