"""The list of what is in a program (SPDX 2.3), and the licences, in every package."""

import hashlib
import json
import re
import subprocess
import tarfile
import zipfile

import pytest
from packages import PACKAGES, REPOSITORY, the_one

#: The pattern of a variant's list, and those of its packages.
VARIANTS = {
    "glibc": (
        "imagewire-*[0-9].spdx.json",
        ("x86_64.tar.gz", "manylinux_2_34_x86_64.whl", "linux-x64-[0-9]*.tgz", ".deb", ".mcpb", ".vsix")),
    "static": ("imagewire-*-static.spdx.json", ("static.tar.gz", "musllinux_1_2_x86_64.whl", "linux-x64-musl-*.tgz")),
}


def files_of(package: str) -> "dict[str, bytes]":
    """The files of a package, whatever its form."""
    path = the_one(f"*{package}")
    if path.suffix in (".whl", ".mcpb", ".vsix"):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    if path.suffix == ".deb":
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE) as unpacking:
            with tarfile.open(fileobj=unpacking.stdout, mode="r|") as archive:
                return {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}
    with tarfile.open(path) as archive:
        return {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_list_is_complete_and_says_what_spdx_asks_for(variant):
    document = json.loads(the_one(VARIANTS[variant][0]).read_text())
    assert (document["spdxVersion"], document["dataLicense"], document["SPDXID"]) == ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"]["created"])
    parts = {part["SPDXID"]: part for part in document["packages"]}
    assert len(parts) == len(document["packages"])
    for identifier, part in parts.items():
        assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", identifier)
        assert re.fullmatch(r"[0-9a-f]{64}", part["checksums"][0]["checksumValue"]), part
        assert re.fullmatch(r"(git\+)?https://\S+", part["downloadLocation"]), part
        assert re.fullmatch(r"\S+", part["versionInfo"]) and re.fullmatch(r"pkg:\S+@\S+", part["externalRefs"][0]["referenceLocator"]), part
        assert not re.search("NOASSERTION|NONE", part["licenseDeclared"] + part["licenseConcluded"]), part
    linked = [each for each in document["relationships"] if each["spdxElementId"] == "SPDXRef-imagewire"]
    assert {each["relatedSpdxElement"] for each in linked} == set(parts) - {"SPDXRef-imagewire"}

    # All that Package.swift links and .ci/release adds; libm is a part of glibc.
    calls = re.findall(r"opened\(([^)]*\")\)", (REPOSITORY / "Package.swift").read_text())
    names = {name for call in calls for name in re.findall(r'"(\w+)"', call)} - {"m"}
    assert {"curl", "ssl", "webp"} <= names
    own = {"libswiftCore.a", "libsqlite3.a", "libstdc++.a", "libgcc.a", "libgcc_eh.a", "certificates.pem", "imagewire"}
    held = {part["packageFileName"] for part in document["packages"]}
    assert held == {f"lib{name}.a" for name in names} | own | ({"libc.a"} if variant == "static" else set())


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_package_has_the_list_and_the_licences(variant):
    pattern, packages = VARIANTS[variant]
    document = the_one(pattern).read_bytes()
    parts = {part["name"]: part for part in json.loads(document)["packages"]}
    texts = {"curl", "certifi", "openssl", "swift", "gcc-12", "Apache-2.0", "GPL-3", "MPL-2.0"} | (
        {"glibc", "LGPL-2.1"} if variant == "static" else set())
    for package in packages:
        files = files_of(package)
        lists = [content for name, content in files.items() if name.endswith("imagewire.spdx.json")]
        assert lists == [document], package
        licences = {name.split("/")[-1].removesuffix(".txt"): content for name, content in files.items() if "/licences/" in f"/{name}"}
        assert texts <= set(licences) and all(licences.values()), package
        assert ("glibc" in licences) == (variant == "static"), package
        [program] = [content for name, content in files.items() if content.startswith(b"\x7fELF")]
        assert hashlib.sha256(program).hexdigest() == parts["imagewire"]["checksums"][0]["checksumValue"], package


def test_every_package_has_its_sum():
    sums = dict(reversed(line.split("  ")) for line in (PACKAGES / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in PACKAGES.iterdir()} - {"SHA256SUMS"}
    assert all(hashlib.sha256((PACKAGES / name).read_bytes()).hexdigest() == digest for name, digest in sums.items())
