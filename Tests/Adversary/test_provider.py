"""A hostile provider: its addresses, its replies, its texts."""

import json
from pathlib import Path

import pytest
from program import KEY, resident_kilobytes, wait_for
from promise import settled
from recording import Recorder, only_linux

#: Addresses that the program must not connect to, and other ways to write them. {port} is the provider's own.
FORBIDDEN = [
    "http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "http://169.254.169.254.:80/", "http://2852039166/",
    "http://0xa9fea9fe/", "http://0xa9.0xfe.0xa9.0xfe/", "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://169.16689662/",
    "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fd00:ec2::254]/", "http://[fc00::1]/",
    "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://[::169.254.169.254]/", "http://[::ffff:0:a9fe:a9fe]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/", "http://[2002:a9fe:a9fe::1]/",
    "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/", "http://100.64.0.1/", "http://198.18.0.1/",
    "http://224.0.0.1/", "http://255.255.255.255/", "http://240.0.0.1/",
    "http://127.0.0.1:{port}@169.254.169.254/", "http://user:password@169.254.169.254/", "HTTP://169.254.169.254/",
    "http://169.254.169.254#@127.0.0.1:{port}/", "http://169.254.169.254\\@127.0.0.1:{port}/",
    "//169.254.169.254/x.png", "http:/\\169.254.169.254/", "http://\t169.254.169.254/", " http://169.254.169.254/",
    "http://１６９.２５４.１６９.２５４/", "http://169。254。169。254/",
    "file:///etc/passwd", "FILE:///etc/passwd", "file://localhost/etc/passwd", "gopher://127.0.0.1:{port}/_x", "ftp://127.0.0.1:{port}/x",
    "dict://127.0.0.1:{port}/x", "ldap://127.0.0.1:{port}/", "smb://127.0.0.1/x", "tftp://127.0.0.1:{port}/x", "scp://127.0.0.1/x",
    "data:text/plain,root:x", "jar:file:///etc/passwd!/x", "javascript:alert(1)",
]


@only_linux
@pytest.mark.parametrize("way", ["redirect", "output"])
def test_no_form_of_an_address_leads_to_a_forbidden_place(way, paid, wavespeed, library, home, tmp_path_factory):
    """The recorder sees each connection that is begun, wherever it leads."""
    recorder = Recorder(library, home, tmp_path_factory.mktemp("record") / "record")
    addresses = [address.replace("{port}", str(wavespeed.output_port)) for address in FORBIDDEN]
    if way == "redirect":
        wavespeed.script(polls=0, download=[{"do": "redirect", "to": address} for address in addresses])
    else:
        wavespeed.script(poll=[{"do": "state", "status": "completed", "outputs": [address]} for address in addresses])
    queue = wavespeed.queues["download" if way == "redirect" else "poll"]
    with paid("--max-concurrency", 100, **recorder.variables) as program:
        number = 0
        while queue:
            number += 1
            predictions = settled(program, [program.call("submit", prompt=f"{number} {index}")["id"] for index in range(20)])
            for done in predictions.values():
                assert "root:x" not in json.dumps({**done, "outputs": []}), done
                # An address of another scheme is kept as a text. The last ones find no form left, and then there is an image.
                kept = [Path(file["path"]).read_text() for file in done["files"] if file["kind"] == "text"]
                assert set(kept) <= set(addresses) and (len(kept) == len(done["files"]) or not queue), done
        assert program.finish() == 0
    places = {entry.data.decode() for entry in recorder.entries() if entry.kind == "reached"}
    assert places == {"127.0.0.1"}, "it went where it must not"
    assert all(download["path"].startswith("/output/") for download in wavespeed.downloads())


# -- requests and replies -----------------------------------------------------------------------------------------------


def everything_written(folder):
    """All bytes below a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_key_comes_back_in_nothing(paid, wavespeed, home, run):
    """A provider that repeats the key wherever it may say something."""
    message = {"code": 1200, "message": f"bad key {KEY}", "error": f"Bearer {KEY}"}
    said = []
    with paid("--log-level", "debug") as program:
        faults = [
            {"submit": [{"do": "reply", "status": 400, "json": message}]},
            {"submit": [{"do": "reply", "status": 500, "json": message}]}, {"submit": [{"do": "envelope", **message}]},
            {"poll": [{"do": "state", "status": "failed", "error": f"Bearer {KEY}"}]}, {"poll": [{"do": "401", "times": 2}]},
            {"download": [{"do": "reply", "status": 403, "body": KEY}] * 3},
            {"history": [{"do": "401"}], "submit": ["lost_reply"]},
            # The last one, since it pauses the account.
            {"submit": [{"do": "401"}]},
        ]
        for number, fault in enumerate(faults):
            wavespeed.script(**fault)
            said.append(program.call("submit", prompt=f"number {number}", wait_ms=20000))
            wavespeed.clear()
        for method, endpoint in (("balance", "balance"), ("quote", "price"), ("models", "models")):
            wavespeed.script(**{endpoint: [{"do": "401"}]})
            program.start(method, {"input": {"prompt": "x"}} if method == "quote" else {"provider": "wavespeed"})
            said.append(program.receive())
        said += program.call("list", limit=100)["predictions"]
        assert program.finish() == 0
        assert KEY.encode() not in program.log
    assert KEY not in json.dumps(said)
    assert KEY.encode() not in everything_written(home)
    for command in (["list"], ["status", said[0]["id"]], ["doctor"]):
        _, output, remarks = run(*command, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url)
        assert KEY.encode() not in output + remarks


# -- how much it sends ---------------------------------------------------------------------------------------------------


def test_endless_bodies_are_bounded(paid, wavespeed):
    """Six at once; in memory there is never more than a part of each."""
    wavespeed.script(download=[{"do": "endless", "times": "forever"}], polls=0)
    with paid("--max-concurrency", 6) as program:
        program.call("ping")
        before = resident_kilobytes(program.process)
        ids = [program.call("submit", prompt=f"number {number}")["id"] for number in range(6)]
        wait_for(lambda: len(wavespeed.downloads()) >= 4, "they are not downloaded")
        most = 0
        for _ in range(20):
            program.call("ping")
            most = max(most, resident_kilobytes(program.process))
            program.call("result", id=ids[0], timeout_ms=50)
        assert most - before < 48 << 10
        wavespeed.clear()
        for id in ids:
            program.call("cancel", id=id)
        program.kill()
