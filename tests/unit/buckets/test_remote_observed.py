from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from imageferry.buckets import remote_observed
from imageferry.buckets.interface import ObjectNotFoundError
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.telemetry.tally import StoreWork, tallied
from support.measured import value

REQUESTS = "imageferry_store_requests_total"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(RemoteStoreError("gone"), "failed"), (ObjectNotFoundError("none"), "refused")],
)
def test_a_request_that_ends_in_an_error_is_counted_by_its_kind(
    error: Exception, outcome: str
) -> None:
    before = value(REQUESTS, operation="HeadObject", outcome=outcome)

    with pytest.raises(type(error)), remote_observed.observed("HeadObject"):
        raise error

    assert value(REQUESTS, operation="HeadObject", outcome=outcome) == before + 1


def test_requests_and_bytes_are_added_up_for_whoever_works() -> None:
    with tallied() as sums:
        with remote_observed.observed("GetRange"):
            remote_observed.repeated(RemoteStoreError("slow"))
        remote_observed.read(100)
        remote_observed.written(30)

    assert sums.read() == StoreWork(requests=1, retries=1, bytes_read=100, bytes_written=30)


def test_a_repetition_is_counted_and_told_with_its_reason() -> None:
    before = value("imageferry_store_retries_total", operation="Upload")

    with capture_logs() as lines, remote_observed.observed("Upload"):
        with remote_observed.observed("HeadObject"):
            pass
        remote_observed.repeated(RemoteStoreError("the remote store refused a write"))

    assert value("imageferry_store_retries_total", operation="Upload") == before + 1
    assert lines == [
        {
            "event": "store_request_repeated",
            "operation": "Upload",
            "reason": "the remote store refused a write",
            "log_level": "warning",
        }
    ]
