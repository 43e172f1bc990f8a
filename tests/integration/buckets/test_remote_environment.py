"""Remote stores speak to the endpoint of the settings, whatever the environment says."""

from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.buckets.remote_client import RemoteClient
from imageferry.buckets.remote_store import RemoteStore


def test_proxies_and_passwords_of_the_environment_are_left_alone(
    remote: RemoteClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    store = RemoteStore(remote, "environment/")
    bucket = store.create_bucket("images", region="r", owner="1")
    bucket.put("key", [b"x"])
    with bucket.open("key") as reader:
        assert reader.pread(0, 1) == b"x"
