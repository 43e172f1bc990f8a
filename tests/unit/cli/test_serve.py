from __future__ import annotations

import gc
import importlib

import pytest
from click.testing import CliRunner

from imageferry.cli.main import main


@pytest.mark.parametrize(
    ("verb", "process"),
    [("serve", "imageferry.service.server.serve"), ("worker", "imageferry.service.worker.run")],
)
def test_what_a_process_has_imported_is_not_looked_through_for_garbage_again(
    verb: str, process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[tuple[bool, int]] = []
    importlib.import_module(process.rpartition(".")[0])
    monkeypatch.setattr(
        process, lambda *_, **_options: found.append((gc.isenabled(), gc.get_freeze_count()))
    )
    monkeypatch.setattr("imageferry.telemetry.logs.set_up", lambda _level: None)
    gc.unfreeze()

    result = CliRunner().invoke(main, [verb])

    gc.unfreeze()
    assert result.exit_code == 0, result.output
    ((enabled, frozen),) = found
    assert enabled
    assert frozen > 10_000
