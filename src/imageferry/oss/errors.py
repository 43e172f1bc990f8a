"""The errors of the OSS API. Codes, statuses and messages are OSS's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class OssErrorCode:
    """A code that OSS answers with, its HTTP status and its usual message."""

    code: str
    status: int
    message: str

    def error(self, message: str = "", **details: str) -> OssError:
        """The error to raise.

        Args:
            message: What is wrong in this very case; the usual message where empty.
            **details: Further elements of the answer, by their names in the XML.
        """
        return OssError(self, message or self.message, details)


class OssError(Exception):
    """The answer to a request that is refused."""

    def __init__(self, code: OssErrorCode, message: str, details: Mapping[str, str]) -> None:
        super().__init__(f"{code.code}: {message}")
        self.code = code
        self.message = message
        self.details = details


ACCESS_DENIED = OssErrorCode("AccessDenied", 403, "You have no right to access this bucket.")
BAD_DIGEST = OssErrorCode(
    "InvalidDigest", 400, "The Content-MD5 you specified did not match what was received."
)
BUCKET_ALREADY_EXISTS = OssErrorCode(
    "BucketAlreadyExists", 409, "The requested bucket name is not available."
)
BUCKET_NOT_EMPTY = OssErrorCode(
    "BucketNotEmpty", 409, "The bucket you tried to delete is not empty."
)
CRC64_MISMATCH = OssErrorCode(
    "InvalidArgument",
    400,
    "The x-oss-hash-crc64ecma you specified did not match what was received.",
)
ENTITY_TOO_SMALL = OssErrorCode(
    "EntityTooSmall", 400, "Your proposed upload smaller than the minimum allowed size."
)
FILE_ALREADY_EXISTS = OssErrorCode(
    "FileAlreadyExists", 409, "The object you specified already exists and can not be overwritten."
)
INSUFFICIENT_STORAGE = OssErrorCode(
    "InsufficientStorage", 507, "The service has no room left for what was sent."
)
INTERNAL_ERROR = OssErrorCode("InternalError", 500, "The service failed; its log says why.")
INVALID_ACCESS_KEY_ID = OssErrorCode(
    "InvalidAccessKeyId",
    403,
    "The OSS Access Key Id you provided does not exist in our records.",
)
INVALID_ARGUMENT = OssErrorCode("InvalidArgument", 400, "An argument is not valid.")
INVALID_BUCKET_NAME = OssErrorCode("InvalidBucketName", 400, "The specified bucket is not valid.")
INVALID_LOCATION_CONSTRAINT = OssErrorCode(
    "InvalidLocationConstraint", 400, "The specified location-constraint is not valid."
)
INVALID_OBJECT_NAME = OssErrorCode("InvalidObjectName", 400, "The specified object is not valid.")
INVALID_PART = OssErrorCode(
    "InvalidPart",
    400,
    "One or more of the specified parts could not be found or the specified entity tag might "
    "not have matched the part's entity tag.",
)
INVALID_PART_ORDER = OssErrorCode(
    "InvalidPartOrder",
    400,
    "The list of parts was not in ascending order. Parts list must specified in order by part "
    "number.",
)
INVALID_RANGE = OssErrorCode("InvalidRange", 416, "The requested range cannot be satisfied.")
INVALID_SECURITY_TOKEN = OssErrorCode(
    "InvalidSecurityToken", 403, "The security token you provided is invalid."
)
MALFORMED_XML = OssErrorCode(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema.",
)
METHOD_NOT_ALLOWED = OssErrorCode(
    "MethodNotAllowed", 405, "The specified method is not allowed against this resource."
)
NOT_IMPLEMENTED = OssErrorCode(
    "NotImplemented", 501, "The request asks for a function that this service does not have."
)
NO_SUCH_BUCKET = OssErrorCode("NoSuchBucket", 404, "The specified bucket does not exist.")
NO_SUCH_KEY = OssErrorCode("NoSuchKey", 404, "The specified key does not exist.")
NO_SUCH_UPLOAD = OssErrorCode(
    "NoSuchUpload",
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
    "been aborted or completed.",
)
PRECONDITION_FAILED = OssErrorCode(
    "PreconditionFailed",
    412,
    "At least one of the pre-conditions you specified did not hold.",
)
REQUEST_TIMEOUT = OssErrorCode(
    "RequestTimeout",
    400,
    "Your socket connection to the server was not read from or written to within the timeout "
    "period.",
)
REQUEST_TIME_TOO_SKEWED = OssErrorCode(
    "RequestTimeTooSkewed",
    403,
    "The difference between the request time and the current time is too large.",
)
SECURITY_TOKEN_EXPIRED = OssErrorCode(
    "SecurityTokenExpired", 403, "The security token you provided has expired."
)
SERVICE_UNAVAILABLE = OssErrorCode(
    "ServiceUnavailable", 503, "Please reduce your request rate or try again later."
)
SIGNATURE_DOES_NOT_MATCH = OssErrorCode(
    "SignatureDoesNotMatch",
    403,
    "The request signature we calculated does not match the signature you provided. Check your "
    "key and signing method.",
)
