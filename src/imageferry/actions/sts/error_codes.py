"""The codes of STS, with their statuses and messages."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

INVALID_ROLE_ARN = ErrorCode(
    "InvalidParameter.RoleArn",
    400,
    "The parameter RoleArn is wrongly formed.",
    "RoleArn does not name a role.",
    "Send acs:ram::<account id>:role/<role name>; GetRole tells it.",
)
INVALID_ROLE_SESSION_NAME = ErrorCode(
    "InvalidParameter.RoleSessionName",
    400,
    "The parameter RoleSessionName is wrongly formed.",
    "RoleSessionName has a length or characters that are not allowed.",
    "Send 2 to 64 letters, digits, '.', '@', '-' and '_'.",
)
INVALID_DURATION_SECONDS = ErrorCode(
    "InvalidParameter.DurationSeconds",
    400,
    "The Min/Max value of DurationSeconds is 15min/the role's MaxSessionDuration.",
    "The credentials would run out too soon, or later than the role allows.",
    "Send at least 900 seconds, and at most what GetRole tells as MaxSessionDuration.",
)
INVALID_POLICY = ErrorCode(
    "InvalidParameter.PolicyGrammar",
    400,
    "The parameter Policy has not passed grammar check.",
    "Policy is no policy in RAM's language, or too long.",
    "Leave it out: policies have no effect here.",
)
ROLE_NOT_FOUND = ErrorCode(
    "EntityNotExist.Role",
    404,
    "The specified Role not exists.",
    "The account that signed the request has no such role.",
    "Make the role by CreateRole, or check the account's id and the role's name in RoleArn.",
)
