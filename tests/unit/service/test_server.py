from __future__ import annotations

import resource
import socket
from pathlib import Path

import pytest

from imageferry.service import server
from imageferry.settings import SettingError, Settings


@pytest.mark.parametrize("api", ["ECS", "OSS"])
def test_a_port_that_is_taken_is_named_before_anything_is_made(tmp_path: Path, api: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"ecs_port": 0, "oss_port": 0, f"{api.lower()}_port": port}
        settings = Settings(data_dir=tmp_path / "data", **ports)

        with pytest.raises(SettingError) as refused:
            server.serve(settings, with_worker=True)

    assert str(refused.value) == (
        f"The {api} API cannot listen on 127.0.0.1:{port}: Address already in use. Stop what "
        f"listens there, or choose another address by IMAGEFERRY_HOST and IMAGEFERRY_{api}_PORT."
    )
    assert not (tmp_path / "data").exists()


def test_an_address_that_the_machine_has_not_is_named(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", host="192.0.2.1", ecs_port=0, oss_port=0)

    with pytest.raises(SettingError, match=r"on 192\.0\.2\.1:0: Cannot assign requested address"):
        server.serve(settings, with_worker=False)


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ((1024, 524_288), (65_536, 524_288)),
        ((1024, 4096), (4096, 4096)),
        ((1024, resource.RLIM_INFINITY), (65_536, resource.RLIM_INFINITY)),
        ((524_288, 524_288), (524_288, 524_288)),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY),) * 2,
    ],
)
def test_as_many_connections_are_open_as_the_machine_allows(
    monkeypatch: pytest.MonkeyPatch, allowed: tuple[int, int], expected: tuple[int, int]
) -> None:
    limits = {resource.RLIMIT_NOFILE: allowed}
    monkeypatch.setattr(resource, "getrlimit", limits.__getitem__)
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)

    server.allow_open_files()

    assert limits == {resource.RLIMIT_NOFILE: expected}


def test_a_worker_that_cannot_start_stays_away_for_longer_and_longer() -> None:
    pauses = [0.0]
    for status in (7, 7, 7, -9, 7, *[7] * 8):
        pauses.append(server.restart_pause(pauses[-1], status))

    assert pauses[1:6] == [0.2, 0.4, 0.8, 0.2, 0.4]
    assert pauses[-2:] == [server.LONGEST_RESTART_SECONDS] * 2
