"""Databases that must not be used, and what is said about them."""

import subprocess
import time

import pytest
from postgres import Postgres
from program import BINARY, PATIENCE, Program, RPCError, environment, small, wait_for

SECRET = "hunter2-of-the-database"


@pytest.fixture
def store(database, request):
    return database.create(f"r{abs(hash(request.node.name)) % 10**9}")


@pytest.fixture
def start(tmp_path):
    started = []

    def start(store, **variables):
        started.append(Program(tmp_path, IMAGEWIRE_STORE=store, **variables))
        return started[-1]

    yield start
    for program in started:
        program.__exit__(None)


def refusal(program):
    """What a call says; it costs nothing and shows no password."""
    with pytest.raises(RPCError) as error:
        program.call("submit", input=small("a boat"))
    assert error.value.code == 1007
    text = f"{error.value.message} {error.value.data}"
    assert SECRET not in text and SECRET.encode() not in program.log
    return text


def doctor(tmp_path, store):
    done = subprocess.run(
        [BINARY, "doctor"], capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
        env=environment(tmp_path, IMAGEWIRE_STORE=store))
    return done.returncode, done.stdout


def test_no_server_and_then_there_is_one(database, start, tmp_path):
    server = Postgres(database.folder.parent / "late", host=database.host).make()
    program = start(server.address())
    assert "Connection refused" in refusal(program)
    server.start()
    try:
        wait_for(lambda: works(program), "a call once the server runs")
    finally:
        server.stop("immediate")


def works(program):
    try:
        return program.call("submit", input=small("a boat"), wait_ms=20_000)["status"] == "completed"
    except RPCError:
        return False


def test_a_text_that_is_no_address(start, tmp_path):
    text = refusal(start("predictions.db"))
    assert "IMAGEWIRE_STORE" in text and "postgresql://" in text
    status, out = doctor(tmp_path, "predictions.db")
    assert status == 1 and "neither postgresql://… nor service=NAME" in out


def test_an_address_that_cannot_be_read_is_not_repeated(start):
    refusal(start(f"postgresql://ada:{SECRET}@[::1/x"))
    assert "cannot be read" in refusal(start(f"host password={SECRET}"))


def test_what_is_wrong_with_an_address_is_said_at_once_and_without_it(database, start):
    # How long that takes is the resolver's.
    assert "host is not found" in refusal(start(f"postgresql://ada:{SECRET}@nowhere.invalid/x"))
    begun = time.monotonic()
    # A password with characters that must be escaped: libpq takes a part of it for the port or the host.
    assert "cannot be used" in refusal(start(f"postgresql://ada:x/{SECRET}@{database.host}/x"))
    assert "cannot be used" in refusal(start("service=no-such-service-here"))
    assert time.monotonic() - begun < 10
    assert "is not found" in refusal(start(f"postgresql://ada:x@{SECRET}@{database.host}/x"))


def test_a_wrong_password_and_a_role_without_rights(database, store, start, tmp_path):
    name = store.rsplit("/", 1)[1]
    rules = database.data / "pg_hba.conf"
    before = rules.read_text()
    database.sql(f"CREATE ROLE stranger LOGIN PASSWORD '{SECRET}'; REVOKE CREATE ON DATABASE \"{name}\" FROM PUBLIC")
    rules.write_text(f"host all stranger 0.0.0.0/0 scram-sha-256\n{before}")
    database.sql("SELECT pg_reload_conf()")
    try:
        place = f"{database.host}:{database.port}/{name}"
        assert "password authentication failed" in refusal(start(f"postgresql://stranger:{SECRET}x@{place}"))
        assert "permission denied" in refusal(start(f"postgresql://stranger:{SECRET}@{place}"))
        status, out = doctor(tmp_path, f"postgresql://stranger:{SECRET}@{place}")
        assert status == 1 and "may create a schema" in out and SECRET not in out
    finally:
        rules.write_text(before)
        database.sql("SELECT pg_reload_conf()")


def test_a_database_that_is_read_only(database, store, start):
    name = store.rsplit("/", 1)[1]
    database.sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    assert "read-only" in refusal(start(store))


def test_a_server_that_may_lose_commits(database, start):
    server = Postgres(database.folder.parent / "careless", host=database.host, settings="fsync = off")
    with server:
        assert "fsync" in refusal(start(server.address()))


def test_a_standby(database, start):
    server = Postgres(database.folder.parent / "primary", host=database.host)
    with server:
        standby = server.add_standby(database.folder.parent / "follower", synchronous=False)
        try:
            assert "standby" in refusal(start(standby.address()))
        finally:
            standby.stop("immediate")


def test_another_encoding(database, start):
    database.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "UTF8" in refusal(start(database.address("latin")))


def test_tables_of_a_newer_version(database, store, start):
    program = start(store)
    assert works(program)
    database.sql("UPDATE imagewire.meta SET value = '99' WHERE name = 'min_writer'", store.rsplit("/", 1)[1])
    assert "newer imagewire" in refusal(program)
    assert "newer imagewire" in refusal(start(store))


def test_tls_that_the_server_lacks(store, start):
    assert "SSL" in refusal(start(f"{store}?sslmode=require"))


def test_a_pooler_before_the_server(database, store, start):
    folder = database.folder.parent / "bouncer"
    folder.mkdir()
    database_name = store.rsplit("/", 1)[1]
    port = database.port + 1
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "settings").write_text(
        f"[databases]\n{database_name} = host={database.host} port={database.port}\n[pgbouncer]\nlisten_addr = {database.host}\n"
        f"listen_port = {port}\nauth_type = trust\nauth_file = {folder}/users\npool_mode = transaction\nunix_socket_dir =\n"
        "ignore_startup_parameters = extra_float_digits\n")
    bouncer = subprocess.Popen(["pgbouncer", "-q", "-u", "postgres", str(folder / "settings")], stderr=subprocess.DEVNULL)
    try:
        address = f"postgresql://postgres@{database.host}:{port}/{database_name}"
        wait_for(lambda: "Connection refused" not in refusal(start(address)), "pgbouncer")
        assert "pooler" in refusal(start(address))
    finally:
        bouncer.terminate()
        bouncer.wait(10)


def test_doctor_says_what_a_failover_may_cost(database, store, tmp_path):
    status, out = doctor(tmp_path, store)
    assert "no standby confirms commits" in out and "PostgreSQL" in out and status == 0
    assert "no other machine can go on" in out
