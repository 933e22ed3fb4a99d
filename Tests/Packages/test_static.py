"""The variant with glibc inside, in a tree that holds nothing else, and its packages for systems with musl."""

import subprocess
import sys

from packages import DIST, PACKAGES, PNG, the_one

TRACE = "tmp/opened"


def test_it_draws_and_diagnoses_without_any_other_file(empty):
    drawn = empty.imagewire("generate", "a red fox", "-o", "/tmp/fox.png")
    assert (drawn.returncode, drawn.stdout) == (0, "/tmp/fox.png\n"), drawn.stderr
    assert (empty.path / "tmp/fox.png").read_bytes().startswith(PNG)
    doctor = empty.imagewire("doctor")
    assert doctor.returncode == 0 and "0 problems" in doctor.stdout, doctor.stdout


def test_it_reads_thumbnails_where_there_is_dev_null(empty):
    before = 'mkdir "$0/dev" && mount --bind /dev "$0/dev"'
    doctor = empty.imagewire("doctor", "--offline", before=before).stdout
    assert "of PNG, JPEG, WebP; the decoders are confined (seccomp)" in doctor
    assert "Another package of imagewire, for systems with glibc, makes thumbnails of AVIF and HEIC." in doctor


def test_it_finds_names_in_etc_hosts_and_trusts_a_file_of_certificates(empty, tls):
    empty.write("/etc/hosts", b"127.0.0.1 images.test\n")
    empty.write("/etc/own.pem", tls.certificate.read_bytes())
    assert "self-signed certificate" in empty.asks(tls.url("images.test"))
    assert "HTTP 418" in empty.asks(tls.url("images.test"), SSL_CERT_FILE="/etc/own.pem")
    assert "not resolve" in empty.asks(tls.url("nowhere.test"), SSL_CERT_FILE="/etc/own.pem")


def test_it_opens_no_module_of_the_system(empty, tls, foreign_module):
    """Such a module belongs to another glibc: libnss-myhostname ended the process with SIGFPE."""
    empty.write("/etc/hosts", b"127.0.0.1 images.test\n")
    empty.write("/etc/own.pem", tls.certificate.read_bytes())
    empty.write("/etc/nsswitch.conf", b"hosts: foreign files\npasswd: foreign files\n")
    for library in ("libc.so.6", "ld-linux-x86-64.so.2"):
        empty.write(f"/lib/x86_64-linux-gnu/{library}", (DIST / "debian/lib/x86_64-linux-gnu" / library).read_bytes())
    empty.write("/lib/x86_64-linux-gnu/libnss_foreign.so.2", foreign_module)
    assert "HTTP 418" in empty.asks(tls.url("images.test"), SSL_CERT_FILE="/etc/own.pem", home=None)
    assert not (empty.path / TRACE).exists()


def test_pip_takes_its_wheel_for_musl_alone(tmp_path):
    for platform, tag in (("musllinux_1_2_x86_64", "musllinux"), ("manylinux_2_34_x86_64", "manylinux")):
        folder = tmp_path / tag
        subprocess.run(
            [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-index", "--find-links", PACKAGES,
             "--only-binary", ":all:", "--platform", platform, "--dest", folder, "imagewire"], check=True)
        [wheel] = folder.iterdir()
        assert tag in wheel.name


def test_npms_package_for_musl_says_so():
    described = subprocess.run(
        ["tar", "-xzOf", the_one("imagewire-linux-*-musl-*.tgz"), "package/package.json"],
        check=True, capture_output=True, text=True).stdout
    assert '"libc": [\n    "musl"\n  ]' in described
