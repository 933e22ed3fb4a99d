"""The program in bare Debians where something is missing, read-only or forbidden: it works, or a sentence says what to do."""

import pytest
from packages import PNG

READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"'


def test_it_draws_and_diagnoses(debian):
    drawn = debian.imagewire("generate", "a red fox", "-o", "/tmp/fox.png")
    assert (drawn.returncode, drawn.stdout) == (0, "/tmp/fox.png\n"), drawn.stderr
    assert (debian.path / "tmp/fox.png").read_bytes().startswith(PNG)
    doctor = debian.imagewire("doctor")
    assert doctor.returncode == 0 and "All is well." in doctor.stdout, doctor.stdout


def test_a_read_only_system_is_enough_where_the_state_has_a_place(debian):
    refused = debian.imagewire("generate", "a red fox", before=READ_ONLY)
    assert refused.returncode == 1
    assert refused.stderr == "imagewire: error: /tmp/home/.local/state/imagewire cannot be used: read-only file system.\n"
    drawn = debian.imagewire(
        "generate", "a red fox", before=f'{READ_ONLY} && mount -t tmpfs tmpfs "$0/run"', IMAGEWIRE_STATE_DIR="/run/state")
    assert drawn.returncode == 0 and drawn.stdout.startswith("/run/state/outputs/"), drawn.stderr


def test_a_temporary_folder_without_execution_is_enough(debian):
    before = 'mount -t tmpfs -o noexec,nosuid,nodev tmpfs "$0/tmp"'
    assert debian.imagewire("generate", "a red fox", "-o", "/tmp/fox.png", before=before).returncode == 0
    # Also for the decoders' process.
    assert "the decoders are confined" in debian.imagewire("doctor", "--offline", before=before).stdout


def test_without_home_the_home_of_the_account_is_taken(debian):
    drawn = debian.imagewire("generate", "a red fox", home=None)
    assert drawn.returncode == 0 and drawn.stdout.startswith("/root/.local/state/imagewire/outputs/"), (drawn.stdout, drawn.stderr)
    stranger = debian.imagewire("generate", "a red fox", home=None, user=12345)
    assert stranger.stderr == "imagewire: error: /.local/state/imagewire cannot be used: permission denied.\n"


@pytest.mark.parametrize("variable", ["IMAGEWIRE_STATE_DIR", "IMAGEWIRE_OUTPUT_DIR"])
def test_a_folder_of_another_user_is_named(debian, variable):
    locked = debian.path / "tmp/locked"
    locked.mkdir(mode=0o700)
    home = debian.path / "tmp/home"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    refused = debian.imagewire("generate", "a red fox", user=12345, **{variable: "/tmp/locked"})
    assert refused.returncode == 1 and "/tmp/locked cannot be used: permission denied" in refused.stderr, refused.stderr
    doctor = debian.imagewire("doctor", "--offline", user=12345, **{variable: "/tmp/locked"})
    assert doctor.returncode == 1 and "→" in doctor.stdout.split("/tmp/locked cannot be used")[1].splitlines()[1], doctor.stdout


def test_two_programs_on_the_path_share_one_database(debian):
    """As after an installation by pip and one by dpkg: here the variant with glibc inside is found first."""
    both = "/opt/imagewire-static/bin:/opt/imagewire/bin:/usr/bin:/bin"
    assert debian.run("sh", "-c", "command -v imagewire", PATH=both).stdout == "/opt/imagewire-static/bin/imagewire\n"
    assert debian.run("imagewire", "generate", "a red fox", PATH=both).returncode == 0
    assert debian.imagewire("list").stdout.count("a red fox") == 1
