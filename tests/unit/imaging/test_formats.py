from __future__ import annotations

import pytest

from imageferry.imaging.formats import Format


@pytest.mark.parametrize("member", Format)
def test_names_lead_back_to_the_format_in_any_case(member: Format) -> None:
    assert Format.from_ecs(member.ecs_name.lower()) is member
    assert Format.from_ecs(member.ecs_name.title()) is member


def test_vhd_is_vpc_to_qemu() -> None:
    assert Format.VHD.driver == "vpc"
    assert Format.VHD.suffix == ".vhd"
    assert Format.VHD.value == "VHD"


def test_qemus_word_is_none_of_ecs() -> None:
    with pytest.raises(ValueError, match="'vpc' is none of RAW, VHD"):
        Format.from_ecs("vpc")
