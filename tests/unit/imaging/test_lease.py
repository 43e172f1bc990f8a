from __future__ import annotations

import contextlib
import os

import pytest

from imageferry.imaging.lease import Lease, LeaseExpiredError, seconds_since_boot


def test_a_renewal_reaches_every_guard_that_runs() -> None:
    lease = Lease(60)
    read_end, write_end = os.pipe()
    lease.attach(write_end)
    lease.renew()
    lease.renew()
    lease.detach(write_end)
    lease.renew()
    os.close(write_end)
    assert len(os.read(read_end, 100)) == 2
    os.close(read_end)
    assert 59 < lease.remaining <= 60


def test_a_renewal_counts_from_the_moment_that_it_is_told() -> None:
    lease = Lease(60)
    read_end, write_end = os.pipe()
    lease.attach(write_end)

    lease.renew(seconds_since_boot() - 30)

    assert 29 < lease.remaining < 30.1
    assert 127 <= os.read(read_end, 1)[0] <= 132
    for end in (read_end, write_end):
        os.close(end)


def test_an_expired_lease_stays_expired() -> None:
    lease = Lease(0)
    assert lease.remaining == 0
    with pytest.raises(LeaseExpiredError, match="lease of 0 s"):
        lease.check()
    with pytest.raises(LeaseExpiredError):
        lease.renew()


def test_a_guard_that_is_gone_or_slow_does_not_hinder_a_renewal() -> None:
    lease = Lease(60)
    gone_read, gone_write = os.pipe()
    os.close(gone_read)
    full_read, full_write = os.pipe()
    os.set_blocking(full_write, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(full_write, bytes(65536)):
            pass
    lease.attach(gone_write)
    lease.attach(full_write)
    lease.renew()
    assert lease.remaining > 59
    for end in (gone_write, full_read, full_write):
        os.close(end)
