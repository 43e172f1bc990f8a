"""The codes that every action can answer with: ``contract.json``, ``common.common_errors``."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

MISSING_PARAMETER = ErrorCode(
    "MissingParameter",
    400,
    'An input parameter "{name}" that is mandatory for processing the request is not supplied.',
    "The request lacks a parameter that the action cannot do without.",
    "Send the parameter that the message names.",
)
INVALID_PARAMETER = ErrorCode(
    "InvalidParameter",
    400,
    'The specified value of parameter "{name}" is not valid.',
    "A parameter has a value that the action cannot use.",
    "Correct the parameter that the message names.",
)
INVALID_ACTION_NOT_FOUND = ErrorCode(
    "InvalidAction.NotFound",
    404,
    "Specified api is not found, please check your url and method.",
    "The service has no action of that name.",
    "Check the spelling of Action; the API Explorer lists every action.",
)
MISSING_ACTION = ErrorCode(
    "MissingAction",
    400,
    "Action is mandatory for this action.",
    "The request does not say which action it calls.",
    "Send the parameter Action, or the header x-acs-action with signature version 3.",
)
MISSING_VERSION = ErrorCode(
    "MissingVersion",
    400,
    "Version is mandatory for this action.",
    "The request does not say which version of the API it speaks.",
    "Send Version=2014-05-26, or the header x-acs-version with signature version 3.",
)
INVALID_VERSION = ErrorCode(
    "InvalidVersion",
    400,
    "Specified parameter Version is not valid.",
    "The request speaks a version of the API that is not served.",
    "Send Version=2014-05-26.",
)
UNSUPPORTED_HTTP_METHOD = ErrorCode(
    "UnsupportedHTTPMethod",
    403,
    "This http method is not supported.",
    "The API is called with GET or POST only.",
    "Call it with GET or POST.",
)
INVALID_PARAMETER_FORMAT = ErrorCode(
    "InvalidParameter.Format",
    400,
    "Specified parameter format is not valid.",
    "The reply's format is neither JSON nor XML.",
    "Send Format=JSON or Format=XML.",
)
REQUEST_TOO_LARGE = ErrorCode(
    "RequestEntityTooLarge",
    413,
    "The request is larger than the service accepts: {limit}.",
    "The request's body, or the number or length of its parameters, is over the limit.",
    "Send fewer or shorter parameters.",
)
REQUEST_TIMEOUT = ErrorCode(
    "RequestTimeout",
    408,
    "The body of the request did not arrive in time.",
    "The client began to send a body and did not finish; nothing was done.",
    "Send the request again, with a Content-Length that is the body's.",
)
INVALID_ACCESS_KEY_ID_NOT_FOUND = ErrorCode(
    "InvalidAccessKeyId.NotFound",
    404,
    "Specified access key is not found.",
    "No account has the access key that signed the request.",
    "Use a key that `imageferry keys` lists.",
)
INVALID_ACCESS_KEY_ID_INACTIVE = ErrorCode(
    "InvalidAccessKeyId.Inactive",
    400,
    "Specified access key is disabled.",
    "The access key that signed the request has been switched off.",
    "Use a key that `imageferry keys` lists as active.",
)
SIGNATURE_DOES_NOT_MATCH = ErrorCode(
    "SignatureDoesNotMatch",
    400,
    "Specified signature is not matched with our calculation. {detail}",
    "The request was signed with another secret, or changed on its way.",
    "Check the access key secret; then compare your string to sign with the message's.",
)
INCOMPLETE_SIGNATURE = ErrorCode(
    "IncompleteSignature",
    400,
    "The request signature does not conform to Aliyun standards.",
    "The request carries only a part of what a signature needs.",
    "Sign with an official SDK, or follow the signature's steps in the API Explorer.",
)
INVALID_SIGNATURE_METHOD = ErrorCode(
    "InvalidSignatureMethod",
    400,
    "Specified signature method is not valid.",
    "The request is signed by a method that the API does not know.",
    "Sign with HMAC-SHA1 (SignatureVersion 1.0) or ACS3-HMAC-SHA256.",
)
SIGNATURE_NONCE_USED = ErrorCode(
    "SignatureNonceUsed",
    400,
    "Specified signature nonce was used already.",
    "A request with this nonce was accepted before: this one may be a replay.",
    "Sign every request anew, with a fresh nonce.",
)
INVALID_TIME_STAMP_FORMAT = ErrorCode(
    "InvalidTimeStamp.Format",
    400,
    "Specified time stamp or date value is not well formatted.",
    "The time of the request is not written as yyyy-MM-ddTHH:mm:ssZ.",
    "Send the time in UTC, as 2026-11-22T08:30:00Z.",
)
INVALID_TIME_STAMP_EXPIRED = ErrorCode(
    "InvalidTimeStamp.Expired",
    400,
    "Specified time stamp or date value is expired.",
    "The time of the request is more than 15 minutes from the server's.",
    "Set the client's clock, and sign the request anew.",
)
INVALID_SECURITY_TOKEN_EXPIRED = ErrorCode(
    "InvalidSecurityToken.Expired",
    400,
    "Specified SecurityToken is expired.",
    "The temporary credentials have run out.",
    "Get new temporary credentials.",
)
INVALID_SECURITY_TOKEN_MALFORMED = ErrorCode(
    "InvalidSecurityToken.Malformed",
    400,
    "Specified SecurityToken is malformed.",
    "The security token is none that this service gave out.",
    "Leave the security token out with a permanent access key.",
)
INVALID_SECURITY_TOKEN_MISMATCH = ErrorCode(
    "InvalidSecurityToken.MismatchWithAccessKey",
    400,
    "Specified SecurityToken mismatch with the AccessKey.",
    "The security token belongs to another access key.",
    "Send the token together with the access key it was given out with.",
)
MISSING_SECURITY_TOKEN = ErrorCode(
    "MissingSecurityToken",
    400,
    "SecurityToken is mandatory for this action.",
    "A temporary access key was used without its security token.",
    "Send the security token that was given out with the access key.",
)
INTERNAL_ERROR = ErrorCode(
    "InternalError",
    500,
    "The request processing has failed due to some unknown error, exception or failure.",
    "The service met with something it did not expect. This is our mistake.",
    "Try again; if it stays, look for the RequestId in the service's log.",
)
SERVICE_UNAVAILABLE = ErrorCode(
    "ServiceUnavailable",
    503,
    "The request has failed due to a temporary failure of the server.",
    "What the service needs, such as the store of a bucket, cannot be reached just now.",
    "Try again later; nothing has been changed.",
)
IDEMPOTENT_PARAMETER_MISMATCH = ErrorCode(
    "IdempotentParameterMismatch",
    400,
    "The request is retried with updated parameters.",
    "The ClientToken was used before, with other parameters.",
    "Use a new ClientToken for a new request.",
)
INVALID_CLIENT_TOKEN = ErrorCode(
    "InvalidClientToken.Malformed",
    400,
    "The specified parameter clientToken is not valid.",
    "The ClientToken is longer than 64 characters, or not ASCII.",
    "Send at most 64 ASCII characters.",
)
DRY_RUN_OPERATION = ErrorCode(
    "DryRunOperation",
    400,
    "Request validation has been passed with DryRun flag set.",
    "The request would have been carried out: DryRun asks for the checks alone.",
    "Send it again without DryRun to carry it out.",
)
