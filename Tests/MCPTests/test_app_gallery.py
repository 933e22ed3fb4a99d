"""The page of all images (MCP Apps) in a real browser."""

import json

from apps.scene import HOSTILE, image, made, picture, start  # noqa: F401
from hostile import texts, unsafe_characters


def test_the_gallery_has_pages_and_shows_one(start):
    host = start()
    for number in range(14):
        host.ask("tools/call", {"name": "generate_image", "arguments": image("96x96", prompt=f"fox {number}")})
    host.show("list_images", {})
    captions = "[...document.querySelectorAll('.caption')].map(c=>c.textContent)"
    host.until_inside("document.querySelectorAll('#cards img').length===12")
    assert host.browser.inside(captions) == [f"fox {number}" for number in range(13, 1, -1)]
    assert host.text(".badge") == "Sandbox drawing"
    picture(host, "gallery")
    host.click("#older")
    host.until_inside("document.querySelectorAll('#cards img').length===2")
    assert host.browser.inside(captions) == ["fox 1", "fox 0"] and not host.browser.inside("newer.hidden")
    host.click("#cards li:last-child button")
    host.until_picture()
    assert host.text("#prompt") == "fox 0" and host.shown() == ["vary", "edit"]
    host.click("#vary")
    made(host)
    host.click("#back")
    host.until_inside("now?.prompt==='fox 0'&&!trail.length")
    host.click("#back")
    host.until_inside("document.querySelectorAll('#cards img').length===2&&document.activeElement.textContent.includes('fox 0')")
    host.click("#newer")
    host.until_inside("document.querySelectorAll('#cards button').length===12")
    assert host.browser.inside(captions)[0] == "fox 0", "the variation is the newest now"


def test_the_gallery_shows_what_the_model_asked_for(start):
    host = start()
    host.show("list_images", {})
    host.until_inside("!document.getElementById('empty').hidden")
    host.ask("tools/call", {"name": "generate_image", "arguments": image("64x64", prompt="a fox")})
    host.ask("tools/call", {"name": "generate_image", "arguments": image("64x64", prompt=HOSTILE)})
    failing = image(prompt="a bad fox", parameters='{"sandbox":{"fail":"content_refused"}}')
    host.ask("tools/call", {"name": "generate_image", "arguments": failing})
    host.show("list_images", {"query": "fox"})
    host.until_inside("document.querySelectorAll('#cards button').length===2")
    assert host.called("app_images")[-1] == {"query": "fox", "limit": 12}
    host.show("list_images", {})
    host.until_inside("document.querySelectorAll('#cards img').length===2")
    assert host.text("#cards li:first-child .thumb").startswith("failed")
    assert host.text("#cards li:nth-child(2) .caption") == HOSTILE and host.browser.inside("document.title") == "imagewire"


def test_hostile_prompts_are_words(start):
    host = start()
    for text in texts().values():
        host.ask("tools/call", {"name": "generate_image", "arguments": image("64x64", prompt=text[:5_000])})
    host.show("list_images", {})
    seen = 0
    while True:
        host.until_inside("{const count=kind=>document.querySelectorAll('#cards '+kind).length;count('li')>0&&count('img')===count('li')}")
        for caption in host.browser.inside("[...document.querySelectorAll('.caption')].map(c=>c.textContent)"):
            assert unsafe_characters(caption, but="\n\t") == []
            seen += 1
        # A card has a button with an image, three texts and the label, and no other element.
        assert host.browser.inside("document.querySelectorAll('#cards *').length===document.querySelectorAll('#cards li').length*7")
        if not host.browser.inside("later"):
            break
        last = host.browser.inside("document.querySelector('#cards button').dataset.id")
        host.click("#older")
        host.until_inside(f"document.querySelector('#cards button').dataset.id!=={json.dumps(last)}")
    assert seen > 15
    host.click("#cards li:last-child button")
    host.until_picture()
    assert host.browser.inside("[document.title,document.scripts.length]") == ["imagewire", 1]
