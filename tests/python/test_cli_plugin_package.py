"""`till plugin keygen`, `pack`, `verify` and `install`: how a plugin reaches a shop that did not write it."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

import till
from till.cli import main, plugin_install, plugin_pack
from till.cli._plugin_trust import difference

KEY = {"api_key": "sk_live_example"}


class Author:
    """Somebody with a key and a plugin."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.plugin, self.key = folder, folder / "mypay", folder / "key"
        self._capsys = capsys
        assert main(["plugin", "new", str(self.plugin)]) == 0
        self._write()
        capsys.readouterr()
        assert main(["plugin", "keygen", str(self.key), "--json"]) == 0
        self.public = json.loads(capsys.readouterr().out)["public_key"]

    def _write(self) -> None:
        """The least that makes the new plugin one of a service."""
        text = (self.plugin / "manifest.json").read_text()
        manifest = json.loads(text.replace("mypay.example", "mypay.test"))
        manifest["summary"] = "Payments by My Pay."
        manifest["absent"] = dict.fromkeys(manifest["absent"], "My Pay has none.")
        (self.plugin / "manifest.json").write_text(json.dumps(manifest, indent=2))

    def pack(self, version: str, *hosts: str) -> Path:
        manifest = json.loads((self.plugin / "manifest.json").read_text())
        manifest["version"] = version
        manifest["hosts"] = [*manifest["hosts"], *hosts]
        (self.plugin / "manifest.json").write_text(json.dumps(manifest, indent=2))
        arguments = ["plugin", "pack", str(self.plugin), "--key", str(self.key), "--output", str(self.folder)]
        assert main(arguments) == 0
        self._capsys.readouterr()
        return self.folder / f"mypay-{version}.till"


@pytest.fixture
def author(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Author:
    (tmp_path / "author").mkdir()
    return Author(tmp_path / "author", capsys)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, author: Author) -> Path:
    """A shop's folder of plugins, which trusts the author."""
    folder = tmp_path / "plugins"
    monkeypatch.setenv("TILL_PLUGIN_PATH", str(folder))
    monkeypatch.setenv("TILL_TRUSTED_KEYS", author.public)
    return folder


def verified(package: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = main(["plugin", "verify", str(package), "--json", *more])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found


def test_what_new_wrote_and_nobody_changed_is_not_packed(
    author: Author, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plugin_pack, "examine", lambda folder: pytest.fail("examined before it was written"))
    theirs = author.folder / "theirs"
    assert main(["plugin", "new", str(theirs)]) == 0
    arguments = ["plugin", "pack", str(theirs), "--key", str(author.key), "--output", str(author.folder)]
    assert main(arguments) != 0
    assert "a plugin that is not written yet: $.summary of manifest.json" in capsys.readouterr().err
    manifest = json.loads((author.plugin / "manifest.json").read_text())
    manifest["homepage"] = "https://mypay.example"
    (author.plugin / "manifest.json").write_text(json.dumps(manifest))
    assert main(["plugin", "pack", str(author.plugin), *arguments[3:]]) != 0
    assert "not written yet: $.homepage of manifest.json names a host in" in capsys.readouterr().err
    assert not list(author.folder.glob("*.till"))


def test_a_new_key_is_for_its_owner_alone(author: Author, capsys: pytest.CaptureFixture[str]) -> None:
    assert stat.S_IMODE(author.key.stat().st_mode) == 0o600
    assert main(["plugin", "keygen", str(author.key)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_package_is_installed_once_it_is_approved_and_then_opened(
    author: Author, plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = author.pack("1.0.0")
    assert main(["plugin", "install", str(package)]) == 2
    told = capsys.readouterr()
    assert "+ sends requests to api.mypay.test" in told.out
    assert "Nothing was installed" in told.err
    assert not plugins.exists() or not list(plugins.iterdir())
    assert main(["plugin", "install", str(package), "--approve"]) == 0
    runtime = till.Runtime(store="memory")
    assert till.Gateway("mypay", KEY, runtime=runtime).plugin_version == "1.0.0"


def test_what_is_installed_is_what_was_judged(
    author: Author, plugins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = author.pack("1.0.0")
    judged = package.read_bytes()

    def swapped(*arguments: Any) -> Any:
        package.write_bytes(b"another package, put there in the meantime")
        return difference(*arguments)

    monkeypatch.setattr(plugin_install, "difference", swapped)
    assert main(["plugin", "install", str(package), "--approve"]) == 0
    assert (plugins / package.name).read_bytes() == judged


def test_an_update_that_asks_for_more_needs_an_approval(
    author: Author, plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "install", str(author.pack("1.0.0")), "--approve"]) == 0
    runtime = till.Runtime(store="memory")
    shop = till.Gateway("mypay", KEY, runtime=runtime)

    assert main(["plugin", "install", str(author.pack("1.1.0"))]) == 0, "the same permissions need nobody"
    assert [change.change for change in runtime.reload()] == ["added"]
    assert shop.plugin_version == "1.1.0"

    greedy = author.pack("1.2.0", "evil.test")
    status, found = verified(greedy, capsys)
    assert (status, found["added"], found["compared_with"]) == (2, ["host evil.test"], "what was approved")
    assert main(["plugin", "install", str(greedy)]) == 2
    (plugins / greedy.name).write_bytes(greedy.read_bytes())  # copied by hand, past the command
    [refused] = runtime.reload()
    assert (
        refused.message is not None and "asks for more than was approved: host evil.test" in refused.message
    )
    assert shop.plugin_version == "1.1.0"

    assert main(["plugin", "install", str(greedy), "--approve"]) == 0
    runtime.reload()
    assert shop.plugin_version == "1.2.0"
    assert json.loads((plugins / "approvals.json").read_text())["mypay"]["key"] == author.public


def test_verify_tells_what_a_package_is(
    author: Author, plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = verified(author.pack("1.0.0"), capsys)
    assert status == 2, "nothing was approved yet"
    assert (found["id"], found["version"], found["key"], found["trusted"]) == (
        "mypay",
        "1.0.0",
        author.public,
        True,
    )
    assert found["permissions"] == ["host api.mypay.test", "host api.test.mypay.test", "secret api_key"]
    assert found["added"] == found["permissions"]
    assert verified(author.folder / "mypay-1.0.0.till", capsys, "--approve")[0] == 0


def test_verify_compares_with_an_older_package_or_folder(
    author: Author, plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = author.pack("1.0.0"), author.pack("1.1.0", "more.test")
    for against in (old, author.plugin):
        status, found = verified(old, capsys, "--against", str(against))
        assert (status, found["added"]) == (0, [])
    status, found = verified(new, capsys, "--against", str(old))
    assert (status, found["added"], found["removed"]) == (2, ["host more.test"], [])
    status, found = verified(old, capsys, "--against", str(new))
    assert (status, found["added"], found["removed"]) == (0, [], ["host more.test"])


def test_another_key_than_before_needs_an_approval(
    author: Author, plugins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "install", str(author.pack("1.0.0")), "--approve"]) == 0
    (tmp_path / "other").mkdir()
    other = Author(tmp_path / "other", capsys)
    package = other.pack("1.1.0")
    status, found = verified(package, capsys)
    assert (status, found["added"], found["other_key"], found["trusted"]) == (2, [], author.public, False)
    assert main(["plugin", "install", str(package), "--approve"]) == 2
    assert "not trusted" in capsys.readouterr().err
    assert main(["plugin", "install", str(package), "--approve", "--trust", other.public]) == 0


def test_a_changed_package_is_refused(
    author: Author, plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = author.pack("1.0.0")
    content = bytearray(package.read_bytes())
    content[-1] ^= 1
    package.write_bytes(content)
    for command in ("verify", "install"):
        assert main(["plugin", command, str(package), "--approve"]) == 1
        assert "changed after it was signed" in capsys.readouterr().err


def test_a_version_is_published_once(
    author: Author, plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "install", str(author.pack("1.0.0")), "--approve"]) == 0
    with (author.plugin / "README.md").open("a") as readme:
        readme.write("More.\n")
    arguments = [
        "plugin",
        "pack",
        str(author.plugin),
        "--key",
        str(author.key),
        "--output",
        str(author.folder),
    ]
    assert main(arguments) == 2
    assert "raise the version" in capsys.readouterr().err
    (author.folder / "mypay-1.0.0.till").unlink()
    assert main(arguments) == 0
    assert main(["plugin", "install", str(author.folder / "mypay-1.0.0.till")]) == 2
    assert "a version is published once" in capsys.readouterr().err


def test_a_plugin_that_fails_its_test_is_not_packed(
    author: Author, capsys: pytest.CaptureFixture[str]
) -> None:
    (author.plugin / "fixtures" / "check.json").unlink()
    arguments = [
        "plugin",
        "pack",
        str(author.plugin),
        "--key",
        str(author.key),
        "--output",
        str(author.folder),
    ]
    assert main(arguments) == 1
    told = capsys.readouterr()
    assert "no fixture shows how check ends well" in told.out
    assert "nothing was packed" in told.err
    assert not list(author.folder.glob("*.till"))


def test_a_package_can_be_read(author: Author, plugins: Path, tmp_path: Path) -> None:
    place = tmp_path / "read"
    assert main(["plugin", "verify", str(author.pack("1.0.0")), "--approve", "--extract", str(place)]) == 0
    assert (place / "provider.lua").read_text() == (author.plugin / "provider.lua").read_text()
    assert len(list((place / "fixtures").iterdir())) == 6


def test_approvals_that_cannot_be_read_approve_nothing(
    author: Author, plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins.mkdir()
    (plugins / "approvals.json").write_text("[]")
    assert main(["plugin", "install", str(author.pack("1.0.0")), "--approve"]) == 2
    assert "nothing counts as approved" in capsys.readouterr().err


def test_trusted_keys_may_stand_in_a_file(
    author: Author,
    plugins: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "keys").write_text(f"# ours\n{author.public}\n")
    monkeypatch.setenv("TILL_TRUSTED_KEYS", str(tmp_path / "keys"))
    assert verified(author.pack("1.0.0"), capsys)[1]["trusted"] is True
    (tmp_path / "keys").write_text("no key\n")
    assert main(["plugin", "verify", str(author.folder / "mypay-1.0.0.till")]) == 2
    assert "one key of 64 hexadecimal digits" in capsys.readouterr().err
