"""The names that an import proposes."""

from __future__ import annotations

import pytest

from imageferry.console.import_form import proposed_name


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("debian-13.qcow2", "debian-13"),
        ("folder/sub/Debian 13 (golden).raw.tar.gz", "Debian-13-golden"),
        ("42_disk.VHDX", "disk"),
        ("镜像.vmdk", "镜像"),
        ("<script>alert(1)</script>.img", "script"),
        ("a.raw", ""),
        (".qcow2", ""),
        ("disk", "disk"),
        ("x" * 1000, "x" * 128),
    ],
)
def test_a_name_is_proposed_by_the_rules_for_names(key: str, name: str) -> None:
    assert proposed_name(key) == name
