"""Hosts that list no tools have a model search them by words: the golden file has the rank of the right one of ours.

Claude Code adds up points for each word of a phrase: most for a part of a name, also for one that only contains it ("an" is in
cancel_image, "a" in TaskCreate), fewer for a word of the search hint, fewest for one of the description. Its own tools are in
the same list. Codex ranks by BM25 over names and descriptions.
"""

import re

from hosts import FOLDER, OURS, talk
from scenarios import Scenario, Search
from test_hosts import compare

#: Of so many phrases the right tool must be among the first three.
ENOUGH = 36

MAKES, EDITS = {"generate_image"}, {"edit_image"}
#: What people say, and the tools that are right for it.
PHRASES = {
    "make a logo": MAKES, "draw me an icon": MAKES, "product photo on white": MAKES, "draw illustration": MAKES,
    "logo icon": MAKES, "photo art": MAKES, "create a picture": MAKES, "generate image": MAKES, "paint a portrait": MAKES,
    "an illustration for my blog post": MAKES, "a drawing of a fox": MAKES, "make an image": MAKES,
    "create artwork for an album cover": MAKES, "draw a picture of my cat": MAKES, "generate a photo of a city": MAKES,
    "design an app icon": MAKES, "a painting in the style of Monet": MAKES, "make a banner image": MAKES,
    "image generation": MAKES, "text to image": MAKES, "create photo": MAKES, "make art": MAKES, "new picture": MAKES,
    "change the sky": EDITS, "edit image": EDITS, "edit the photo": EDITS | MAKES, "remove the background": EDITS,
    "make it blue, recolor": EDITS | MAKES, "combine two images": EDITS, "upscale image": EDITS | {"list_models"},
    "restyle this picture": EDITS | MAKES, "add a hat to the image": EDITS, "look at the image": {"view_image"},
    "view image": {"view_image"}, "cost of an image": {"estimate_cost"}, "price estimate before making an image": {"estimate_cost"},
    "list models for images": {"list_models"}, "earlier images I made": {"list_images"}, "find my pictures": {"list_images"},
    "cancel the image": {"cancel_image"},
}


def found(blocks):
    """The tools that a search found, the best first, each once."""
    names = [block["tool_name"] for block in blocks if "tool_name" in block]
    names += re.findall(r'"name": ?"([^"]+)"', "".join(block.get("text", "") for block in blocks))
    return [match[0] if (match := OURS.search(name)) else name for name in dict.fromkeys(names)]


def test_what_people_say_finds_our_tools(searching_host, world, pytestconfig):
    model, ended = talk(searching_host, Scenario([Search(phrase) for phrase in PHRASES]), world)
    results = [blocks for _, blocks in model.heard.results]
    assert len(results) == len(PHRASES), ended["log"][-2_000:]
    ranks = {}
    for (phrase, wanted), blocks in zip(PHRASES.items(), results):
        names = found(blocks)
        ranks[phrase] = next((place for place, name in enumerate(names, 1) if name in wanted), None)
    first = sum(rank is not None and rank <= 3 for rank in ranks.values())
    wrong = compare(FOLDER / f"golden/{searching_host}/search.json", {"among the first three": first, "ranks": ranks}, pytestconfig)
    assert not wrong, wrong
    assert first >= ENOUGH, ranks
