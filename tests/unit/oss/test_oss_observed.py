from __future__ import annotations

import pytest
import structlog
from structlog.testing import capture_logs

from imageferry.oss.observed import observed
from support.measured import value

REQUESTS = "imageferry_oss_requests_total"
SECONDS = "imageferry_oss_request_seconds_count"


def test_lines_of_a_request_carry_what_is_known_of_it() -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        with observed("REQUEST") as observer:
            structlog.get_logger().info("before")
            observer.understood("put_object", "1001")
            observer.answered(200)
        structlog.get_logger().info("after")

    before, answered, after = lines
    assert (before["event"], before["request_id"], "operation" in before) == (
        "before",
        "REQUEST",
        False,
    )
    assert answered["event"] == "oss_request_answered"
    assert (answered["request_id"], answered["operation"]) == ("REQUEST", "put_object")
    assert (answered["account"], answered["status"]) == ("1001", 200)
    assert "request_id" not in after


@pytest.mark.parametrize("understood", [True, False])
def test_requests_are_counted_by_operation_and_status(understood: bool) -> None:
    operation = "head_object" if understood else "unknown"
    labels = {"operation": operation, "status": "403"}
    before = value(REQUESTS, **labels), value(SECONDS, operation=operation)

    with observed("REQUEST") as observer:
        if understood:
            observer.understood("head_object", "1001")
        observer.answered(403)

    assert value(REQUESTS, **labels) == before[0] + 1
    assert value(SECONDS, operation=operation) == before[1] + 1
