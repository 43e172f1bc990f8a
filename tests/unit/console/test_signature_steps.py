from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl

from imageferry.console.interface import Key
from imageferry.console.signature_steps import acs3, v1
from imageferry.signing import acs_v3, rpc_v1

KEY = Key("LTAI", "secret", "1001")
DATE = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def test_the_steps_of_version_3_lead_to_the_signature_that_is_sent() -> None:
    signed = acs_v3.sign(
        access_key_id=KEY.access_key_id,
        access_key_secret=KEY.secret,
        host="127.0.0.1:8080",
        action="DescribeImages",
        version="2014-05-26",
        date=DATE,
        nonce="nonce",
        form=(("RegionId", "cn-hangzhou"), ("ImageName", "镜像 1")),
    )

    steps = {step.key: step.text for step in acs3(signed, KEY.secret)}

    assert steps["step.body"] == "ImageName=%E9%95%9C%E5%83%8F%201&RegionId=cn-hangzhou"
    assert steps["step.body_hash"] == signed.headers["x-acs-content-sha256"]
    assert steps["step.canonical_request"].startswith("POST\n/\n\naccept:application/json\n")
    assert steps["step.authorization"] == signed.headers["authorization"]
    assert steps["step.authorization"].endswith(f"Signature={steps['step.signature_v3']}")


def test_the_steps_of_version_1_lead_to_a_form_that_can_be_sent() -> None:
    parameters = (("RegionId", "cn-hangzhou"),)
    found = v1(
        KEY, parameters, action="DescribeImages", version="2014-05-26", date=DATE, nonce="nonce"
    )

    steps = {step.key: step.text for step in found}
    form = dict(parse_qsl(steps["step.form"], keep_blank_values=True))
    text = rpc_v1.string_to_sign("POST", form.items())
    assert steps["step.string_to_sign"] == text
    assert form["Signature"] == rpc_v1.signature(KEY.secret, text) == steps["step.signature_v1"]
    assert form["Timestamp"] == "2026-11-22T08:30:00Z"


def test_no_step_shows_the_secret() -> None:
    found = v1(KEY, (), action="DescribeRegions", version="2014-05-26", date=DATE, nonce="n")

    assert all(KEY.secret not in step.text for step in found)
