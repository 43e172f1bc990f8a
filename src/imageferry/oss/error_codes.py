"""Every error code of the OSS API, declared once. Codes, statuses and messages are OSS's own."""

from __future__ import annotations

from collections.abc import Sequence

from imageferry.oss.errors import OssErrorCode

_WITH_PARTS = ("AbortMultipartUpload", "CompleteMultipartUpload", "ListParts", "UploadPart")
_OF_OBJECTS = (
    *("DeleteObject", "GetObject", "GetObjectAcl", "GetObjectMeta", "GetObjectTagging"),
    *("HeadObject", "InitiateMultipartUpload", "PutObject", "PutObjectAcl", *_WITH_PARTS),
)
_READING_OBJECTS = (
    *("GetObject", "GetObjectAcl", "GetObjectMeta", "GetObjectTagging", "HeadObject"),
    *("PutObject", "PutObjectAcl", "UploadPart"),
)
_OF_ONE_BUCKET = (
    *("DeleteBucket", "DeleteBucketConfiguration", "DeleteMultipleObjects", "GetBucketAcl"),
    *("GetBucketConfiguration", "GetBucketInfo", "GetBucketLocation", "GetBucketStat"),
    *("ListMultipartUploads", "ListObjectVersions", "ListObjects", "PutBucketAcl"),
    *("PutBucketConfiguration", *_OF_OBJECTS),
)
_WITH_A_BODY = (
    *("CompleteMultipartUpload", "DeleteMultipleObjects", "PutBucket", "PutObject", "UploadPart"),
)
_STORING = (
    *("CompleteMultipartUpload", "InitiateMultipartUpload", "PutBucket", "PutObject"),
    "UploadPart",
)

ACCESS_DENIED = OssErrorCode(
    "AccessDenied",
    403,
    "You have no right to access this bucket.",
    "The bucket belongs to another account, or the request is not signed, or its signed URL has "
    "run out.",
    "Use an access key of the bucket's own account; make a new URL where one has run out.",
)
BAD_DIGEST = OssErrorCode(
    "InvalidDigest",
    400,
    "The Content-MD5 you specified did not match what was received.",
    "What has arrived is not what Content-MD5 says: it was damaged on the way. Nothing was stored.",
    "Send it again; if that recurs, look at the network and at proxies on the way.",
    _WITH_A_BODY,
)
BUCKET_ALREADY_EXISTS = OssErrorCode(
    "BucketAlreadyExists",
    409,
    "The requested bucket name is not available.",
    "A bucket of another account has that name: names are unique in the whole installation.",
    "Choose another name.",
    ("PutBucket",),
)
BUCKET_NOT_EMPTY = OssErrorCode(
    "BucketNotEmpty",
    409,
    "The bucket you tried to delete is not empty.",
    "Objects or unfinished uploads are left in the bucket.",
    "Delete all objects and discard the unfinished uploads first.",
    ("DeleteBucket",),
)
ENTITY_TOO_SMALL = OssErrorCode(
    "EntityTooSmall",
    400,
    "Your proposed upload smaller than the minimum allowed size.",
    "A part of the upload, not its last one, has less than 100 KiB.",
    "Upload again with larger parts; the answer names the part and its size.",
    ("CompleteMultipartUpload",),
)
FILE_ALREADY_EXISTS = OssErrorCode(
    "FileAlreadyExists",
    409,
    "The object you specified already exists and can not be overwritten.",
    "There is an object of that name, and the request forbids to replace it.",
    "Choose another name, or leave x-oss-forbid-overwrite out to replace the object.",
    ("CompleteMultipartUpload", "InitiateMultipartUpload", "PutObject"),
)
INSUFFICIENT_STORAGE = OssErrorCode(
    "InsufficientStorage",
    507,
    "The service has no room left for what was sent.",
    "The disk that the buckets are on is full. What was sent is not kept.",
    "Ask the operator to make room in the data folder, and send it again.",
    _STORING,
)
INTERNAL_ERROR = OssErrorCode(
    "InternalError",
    500,
    "The service failed; its log says why.",
    "Something happened that the service was not made for. That is our mistake.",
    "Try again; if that recurs, look in the service's log for the RequestId.",
)
INVALID_ACCESS_KEY_ID = OssErrorCode(
    "InvalidAccessKeyId",
    403,
    "The OSS Access Key Id you provided does not exist in our records.",
    "No account has the access key that signed the request, or the key is switched off.",
    "Use an active key that `imageferry keys` lists; in the console, sign in again.",
)
INVALID_ARGUMENT = OssErrorCode(
    "InvalidArgument",
    400,
    "An argument is not valid.",
    "Something in the request is not valid, or what was sent was damaged on the way.",
    "Correct what the message names; where it names the CRC-64, send the data again.",
)
INVALID_BUCKET_NAME = OssErrorCode(
    "InvalidBucketName",
    400,
    "The specified bucket is not valid.",
    "The bucket's name does not follow OSS's rules.",
    "Use 3 to 63 lower-case letters, digits and hyphens; a letter or a digit begins and ends it.",
)
INVALID_LOCATION_CONSTRAINT = OssErrorCode(
    "InvalidLocationConstraint",
    400,
    "The specified location-constraint is not valid.",
    "The bucket is to be in a region that the service does not answer for.",
    "Use a region that DescribeRegions lists, or leave LocationConstraint out.",
    ("PutBucket",),
)
INVALID_OBJECT_NAME = OssErrorCode(
    "InvalidObjectName",
    400,
    "The specified object is not valid.",
    "The object's name does not follow OSS's rules.",
    "Use 1 to 1,023 bytes of UTF-8 that do not begin with / or \\.",
    _OF_OBJECTS,
)
INVALID_PART = OssErrorCode(
    "InvalidPart",
    400,
    "One or more of the specified parts could not be found or the specified entity tag might "
    "not have matched the part's entity tag.",
    "A part that the request names is not there, or another one was uploaded in its place.",
    "List the parts, upload again what is missing, and complete with the listed ETags.",
    ("CompleteMultipartUpload",),
)
INVALID_PART_ORDER = OssErrorCode(
    "InvalidPartOrder",
    400,
    "The list of parts was not in ascending order. Parts list must specified in order by part "
    "number.",
    "The request names its parts out of their order, or one of them twice.",
    "Name each part once, by ascending number.",
    ("CompleteMultipartUpload",),
)
INVALID_RANGE = OssErrorCode(
    "InvalidRange",
    416,
    "The requested range cannot be satisfied.",
    "The range of bytes reaches beyond the object.",
    "Ask for the object's size first, and for a range within it.",
    ("GetObject", "UploadPart"),
)
INVALID_SECURITY_TOKEN = OssErrorCode(
    "InvalidSecurityToken",
    403,
    "The security token you provided is invalid.",
    "The security token is not the one that was given out with the access key.",
    "Send the token of AssumeRole with its own key; send none with a key that is not temporary.",
)
MALFORMED_XML = OssErrorCode(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema.",
    "The request's body is no XML, or not that of this operation.",
    "Let an official SDK write the body, or compare it with the message.",
    ("CompleteMultipartUpload", "DeleteMultipleObjects", "PutBucket"),
)
METHOD_NOT_ALLOWED = OssErrorCode(
    "MethodNotAllowed",
    405,
    "The specified method is not allowed against this resource.",
    "What the request names cannot be used with its HTTP method.",
    "Check the method, and whether the address has the bucket and the object that are meant.",
)
NOT_IMPLEMENTED = OssErrorCode(
    "NotImplemented",
    501,
    "The request asks for a function that this service does not have.",
    "OSS has the function and this service has not. Nothing was done.",
    "Leave out what the message names.",
)
NO_SUCH_BUCKET = OssErrorCode(
    "NoSuchBucket",
    404,
    "The specified bucket does not exist.",
    "There is no bucket of that name.",
    "Create the bucket, or use one that `imageferry buckets` lists.",
    _OF_ONE_BUCKET,
)
NO_SUCH_KEY = OssErrorCode(
    "NoSuchKey",
    404,
    "The specified key does not exist.",
    "The bucket has no object of that name.",
    "List the bucket, and send the object's whole name.",
    _READING_OBJECTS,
)
NO_SUCH_UPLOAD = OssErrorCode(
    "NoSuchUpload",
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
    "been aborted or completed.",
    "The upload has been completed, was aborted, was of another object, or never begun.",
    "Look whether the object is there; if it is not, begin a new upload.",
    _WITH_PARTS,
)
NO_SUCH_VERSION = OssErrorCode(
    "NoSuchVersion",
    404,
    "The specified version does not exist.",
    "Objects have no versions here, but the one that is called null.",
    "Leave versionId out.",
)
PRECONDITION_FAILED = OssErrorCode(
    "PreconditionFailed",
    412,
    "At least one of the pre-conditions you specified did not hold.",
    "The object is not, or no longer, the version that the request is for.",
    "Ask for the object's ETag and its time anew, and decide whether the request is still right.",
    ("GetObject", "HeadObject", "PutObject", "UploadPart"),
)
REQUEST_TIMEOUT = OssErrorCode(
    "RequestTimeout",
    400,
    "Your socket connection to the server was not read from or written to within the timeout "
    "period.",
    "The body stopped in its midst for a minute. What had come of it is not kept.",
    "Send it again; large objects in parts, so that only a part has to be sent again.",
    _WITH_A_BODY,
)
REQUEST_TIME_TOO_SKEWED = OssErrorCode(
    "RequestTimeTooSkewed",
    403,
    "The difference between the request time and the current time is too large.",
    "The request was signed more than a quarter of an hour ago, or ahead, by the service's clock.",
    "Set the client's clock, and sign each request when it is sent.",
)
SECURITY_TOKEN_EXPIRED = OssErrorCode(
    "SecurityTokenExpired",
    403,
    "The security token you provided has expired.",
    "The temporary credentials have run out.",
    "Get new ones by AssumeRole.",
)
SERVICE_UNAVAILABLE = OssErrorCode(
    "ServiceUnavailable",
    503,
    "Please reduce your request rate or try again later.",
    "The store behind the bucket does not answer, or refuses what the service asks of it.",
    "Try again; if that recurs, ask the operator to look at the store and at its keys.",
)
SIGNATURE_DOES_NOT_MATCH = OssErrorCode(
    "SignatureDoesNotMatch",
    403,
    "The request signature we calculated does not match the signature you provided. Check your "
    "key and signing method.",
    "The request was signed with another secret, or is not the one that was signed.",
    "Check the secret; compare StringToSign in the answer with what the client has signed.",
)


def _without(code: str, message: str, configuration: str) -> OssErrorCode:
    return OssErrorCode(
        code,
        404,
        message,
        f"The bucket has no {configuration}: here no bucket has.",
        "Nothing has to be done, unless the client takes it for a failure.",
        ("GetBucketConfiguration",),
    )


ABSENT_CONFIGURATIONS = {
    "cors": _without(
        "NoSuchCORSConfiguration", "The CORS Configuration does not exist.", "rules for CORS"
    ),
    "encryption": _without(
        "NoSuchServerSideEncryptionRule",
        "The server side encryption configuration does not exist.",
        "rule for encryption",
    ),
    "lifecycle": _without(
        "NoSuchLifecycle", "No Row found in Lifecycle Table.", "rules for a life cycle"
    ),
    "metaQuery": _without("MetaQueryNotExist", "The MetaQuery does not exist.", "index of objects"),
    "policy": _without("NoSuchBucketPolicy", "The bucket policy does not exist.", "policy"),
    "replication": _without(
        "NoSuchReplicationConfiguration", "The bucket replication does not exist.", "replication"
    ),
    "transferAcceleration": _without(
        "NoSuchTransferAccelerationConfiguration",
        "The transfer acceleration configuration does not exist.",
        "transfer acceleration",
    ),
    "website": _without(
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration.",
        "website",
    ),
    "worm": _without(
        "NoSuchWORMConfiguration", "The WORM Configuration does not exist.", "retention policy"
    ),
}
"""What a bucket that nobody has configured lacks, by the parameter that asks for it."""


def every_code() -> Sequence[OssErrorCode]:
    """Every code, each once."""
    named = (value for value in globals().values() if isinstance(value, OssErrorCode))
    return [*named, *ABSENT_CONFIGURATIONS.values()]
