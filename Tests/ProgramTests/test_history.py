"""A search of the provider's history returns a prediction's own image, or nothing."""

import base64

import pytest
from program import wait_for
from wavespeed import png

CAT, DOG = png(colour=(1, 2, 3)), png(colour=(4, 5, 6))


def data_uri(picture):
    return "data:image/png;base64," + base64.b64encode(picture).decode()


@pytest.fixture
def pictures(home):
    """The two images as files; a third has the bytes of the first."""
    for name, content in (("cat", CAT), ("dog", DOG), ("copy of cat", CAT)):
        (home / f"{name}.png").write_bytes(content)
    return lambda name: f"@{home}/{name}.png"


def edit(image, upload=False):
    return {"input": {"prompt": "remove the background", "image": image}, **({"upload": True} if upload else {})}


def both_lost(program, wavespeed, orders, made):
    """Sends two edits at once; no reply comes, and only the ones in `made` are made. Returns both when they are finished."""
    wavespeed.script(submit=["lost_reply" if order in made else "drop" for order in orders])
    ids = []
    for count, order in enumerate(orders, 1):
        ids.append(program.call("submit", **order)["id"])
        wait_for(lambda: len(wavespeed.posts()) == count, "it was not sent")
    return [program.call("result", id=id) for id in ids]
@pytest.mark.parametrize("dog_is_first", [False, True])
@pytest.mark.parametrize("kind", ["upload", "url"])
def test_of_two_lost_edits_only_the_one_that_was_made_is_found(paid, wavespeed, pictures, kind, dog_is_first):
    if kind == "upload":
        cat, dog = edit(pictures("cat"), upload=True), edit(pictures("dog"), upload=True)
    else:
        cat, dog = edit("https://pictures.example/cat.png"), edit("https://pictures.example/dog.png")
    with paid() as program:
        orders = [dog, cat] if dog_is_first else [cat, dog]
        found = dict(zip(["dog", "cat"] if dog_is_first else ["cat", "dog"], both_lost(program, wavespeed, orders, [dog])))
    assert (found["cat"]["status"], found["cat"]["billing"], found["cat"]["remote_id"]) == ("unknown", "unknown", None)
    assert (found["dog"]["status"], found["dog"]["remote_id"]) == ("completed", f"{1:032x}")
    assert len(wavespeed.posts()) == 2


@pytest.mark.parametrize("dog_is_first", [False, True])
def test_where_pictures_cannot_be_compared_neither_edit_takes_what_may_be_the_others(paid, wavespeed, dog_is_first):
    cat, dog = edit(data_uri(CAT)), edit(data_uri(DOG))
    with paid() as program:
        orders = [dog, cat] if dog_is_first else [cat, dog]
        for prediction in both_lost(program, wavespeed, orders, [dog]):
            assert (prediction["status"], prediction["billing"], prediction["remote_id"]) == ("unknown", "unknown", None)
    assert len(wavespeed.posts()) == 2


def test_equal_files_under_two_names_are_twins(paid, wavespeed, pictures):
    # One upload serves both, so the provider is sent the same thing twice and its history cannot say which was made.
    one, two = edit(pictures("cat"), upload=True), edit(pictures("copy of cat"), upload=True)
    with paid() as program:
        for prediction in both_lost(program, wavespeed, [one, two], [two]):
            assert (prediction["status"], prediction["remote_id"]) == ("unknown", None)
    assert len(wavespeed.posts()) == 2


def test_a_plain_prompt_is_not_taken_for_the_same_prompt_with_a_size(paid, wavespeed):
    # The provider adds defaults, so the image of the second could also be the image of the first.
    plain, sized = {"input": {"prompt": "a fox"}}, {"input": {"prompt": "a fox", "size": "1024*1536"}}
    with paid() as program:
        for prediction in both_lost(program, wavespeed, [plain, sized], [sized]):
            assert (prediction["status"], prediction["remote_id"]) == ("unknown", None)
    assert len(wavespeed.posts()) == 2
