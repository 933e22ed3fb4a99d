"""`Client` against the real program: every call, and the images that it saves."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from conftest import PATIENCE, small

import imagewire
from imagewire import Client


@pytest.mark.behaviour("generate")
def test_a_prompt_goes_in_and_an_image_is_on_disk(client, tmp_path):
    seen = []
    prediction = client.generate("a red fox in snow", on_progress=seen.append, output_dir=tmp_path, output_name="fox")
    assert prediction.status == "completed" and prediction.done
    assert prediction.path == tmp_path / "fox.png"
    file = prediction.files[0]
    assert file.read().startswith(b"\x89PNG")
    assert (file.bytes, file.sha256) == (len(file.read()), hashlib.sha256(file.read()).hexdigest())
    assert (file.width, file.height, file.media_type) == (1024, 1024, "image/png")
    assert prediction.input == {"prompt": "a red fox in snow"}
    assert abs((datetime.now(timezone.utc) - prediction.created_at).total_seconds()) < 3600
    assert [one.status for one in seen][-1] == "completed" and seen[0].id == prediction.id
    assert hash(prediction) == hash(client.status(prediction.id))
    with pytest.raises(AttributeError):
        prediction.status = "failed"


def test_a_relative_directory_is_below_that_of_this_program(options, client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert client.generate("a boat", size="64x64", output_dir="images", output_name="boat").path == tmp_path / "images/boat.png"
    with Client(**options, output_dir=Path("other"), state_dir="state") as other:
        monkeypatch.chdir("/")
        assert other.generate("a boat", size="64x64", output_name="boat").path == tmp_path / "other/boat.png"
    assert (tmp_path / "state").is_dir()


def test_a_place_in_a_bucket_is_no_path(options, client):
    with pytest.raises(imagewire.ImagewireError, match="The output folder s3://pictures/album cannot be used: no bucket is configured"):
        client.submit("a boat", output_dir="s3://pictures/album")
    with Client(**options, output_dir="s3://pictures/album") as other:
        with pytest.raises(imagewire.ImagewireError, match="The output folder s3://pictures/album cannot be used"):
            other.submit("a boat")


@pytest.mark.parametrize("prompt", ['a "quoted" \\ fox', "two\nlines\ttab", "🦊 ゆき é\u0000", "long " * 6000, "\ud83e lone"])
def test_any_prompt_arrives_as_it_is(client, prompt):
    prediction = client.generate(prompt, input={"size": "64x64"})
    assert prediction.input["prompt"] == prompt.replace("\ud83e", "\ufffd")


def test_progress_is_told_while_it_works(client):
    seen = []
    client.generate(input=small("slow", delay_ms=1500), on_progress=seen.append)
    assert len(seen) >= 3 and {one.status for one in seen} >= {"processing", "completed"}


def test_a_message_longer_than_64_kib(client):
    prediction = client.generate("a lighthouse in a storm, with every wave")
    inline = client.result(prediction.id, inline=True).files[0]
    assert len(inline.base64) > 65_536
    assert hashlib.sha256(inline.read()).hexdigest() == inline.sha256
    long = client.submit("x" * 200_000, input={"size": "64x64"})
    assert long.prediction.omitted == ("input",) and long.input is None
    assert client.status(long.id, full=True).input["prompt"] == "x" * 200_000


def test_a_preview_is_read_where_there_is_one(client):
    value = {"path": "/p/x.png", "media_type": "image/png", "bytes": 9, "width": 2, "height": None, "index": 1}
    assert imagewire.Preview.from_json(value) == imagewire.Preview(Path("/p/x.png"), "image/png", 9, 2, None, 1)
    assert client.generate(input=small("none")).preview is None


def test_every_call(client):
    one = client.submit(input=small("one"), tags=["boats"], metadata={"page": 7}, idempotency_key="k")
    assert client.submit(input=small("one"), idempotency_key="k").id == one.id
    two = client.submit(input=small("two"), tags=("boats",))
    waited = client.wait([one.id, two.id])
    assert waited.done and [it.id for it in waited.predictions] == [one.id, two.id] and waited.more == ()
    assert client.result(one.id).metadata == {"page": 7}
    page = client.list(tag="boats", limit=1)
    assert [it.id for it in page] == [two.id] and len(page) == 1
    assert [it.id for it in client.predictions(tag="boats", limit=1)] == [two.id, one.id]
    never = client.submit(input=small("never", never=True))
    assert not client.wait([never.id], timeout=0).done
    assert client.cancel(never.id).status == "cancelled"
    assert client.delete([one.id, two.id], files=True) == imagewire.Deletion((one.id, two.id), (), True)
    assert client.call("ping") == {}


@pytest.mark.behaviour("pages")
def test_a_list_takes_times_and_all_pages_are_gone_through(client):
    before = datetime.now(timezone.utc)
    ids = [client.generate(input=small(f"boat {number}")).id for number in range(3)]
    middle = client.status(ids[1]).created_at
    assert [one.id for one in client.predictions(limit=1)] == ids[::-1]
    assert [one.id for one in client.predictions(created_after=middle - timedelta(milliseconds=1), limit=1)] == [ids[2], ids[1]]
    assert [one.id for one in client.list(created_before=middle)] == [ids[0]]
    # In another zone, and without one: local.
    assert len(client.list(created_after=before.astimezone(timezone(timedelta(hours=9))))) == 3
    assert len(client.list(created_after=datetime.now() - timedelta(hours=1))) == 3
    assert len(client.list(created_after=datetime.now() + timedelta(hours=1))) == 0
    assert len(client.list(created_after=before.isoformat(timespec="milliseconds").replace("+00:00", "Z"))) == 3
    with pytest.raises(TypeError, match="sort"):
        client.predictions(sort="asc")


def test_a_file_leads_to_the_prediction_that_made_it(client, tmp_path, monkeypatch):
    fox, boat = (client.generate(input=small(prompt)) for prompt in ("a fox", "a boat"))
    copy = tmp_path / "fuchs.png"
    copy.write_bytes(fox.files[0].read())
    monkeypatch.chdir(tmp_path)
    assert [one.id for one in client.list(file="fuchs.png")] == [one.id for one in client.predictions(file=copy)] == [fox.id]
    assert [one.id for one in client.list(file=boat.path)] == [boat.id]


def test_a_thumbnail_is_a_small_image_of_a_file(client):
    prediction = client.generate("a boat", input={"size": "128x96"})
    thumbnail = client.thumbnail(prediction.id, size=64, inline=True)
    assert (thumbnail.media_type, thumbnail.width, thumbnail.height) == ("image/jpeg", 64, 48)
    assert thumbnail.read() == thumbnail.path.read_bytes() and thumbnail.bytes == len(thumbnail.read())
    assert client.thumbnail(prediction.id, size=64).base64 is None
    failed = client.submit(input=small("none", fail="content_refused"))
    client.wait([failed.id])
    with pytest.raises(imagewire.NoThumbnail):
        client.thumbnail(failed.id)


def test_what_it_costs(client):
    price = client.quote("a boat", input={"n": 2})
    assert (price.amount, price.currency, price.exact, price.missing) == (0, "USD", True, ())
    with pytest.raises(imagewire.ProviderNotConfigured):
        client.balance("wavespeed")


def test_what_there_is_and_what_it_takes(client):
    (listed,) = client.models()
    assert (listed.provider, listed.default, listed.input_schema) == ("sandbox", True, None)
    assert (listed.name, listed.kind, listed.price, listed.edit_model) == ("Sandbox", "image", 0, listed.id)
    assert client.models(search="sandbox OFFLINE", kind="image") == (listed,) and client.models(kind="video") == ()
    (model,) = client.models(listed.id)
    assert model.input_schema["properties"]["n"]["maximum"] == 10
    assert client.validate("a boat", input={"n": 2}).valid
    answer = client.validate("a boat", input={"n": 11})
    assert not answer.valid and list(answer.problems) == ["input.n"]
    with pytest.raises(imagewire.ProviderNotConfigured):
        client.models(provider="wavespeed")


def test_threads_share_a_client(client):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: client.generate(input=small(f"boat {number}")), range(24)))
    assert sorted(one.input["prompt"] for one in made) == sorted(f"boat {number}" for number in range(24))


def test_two_clients_on_one_state_directory(options, client):
    with Client(**options) as other:
        made = client.submit(input=small("boat"))
        assert other.result(made.id, timeout=PATIENCE).status == "completed"
