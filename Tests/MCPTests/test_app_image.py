"""The page of an image (MCP Apps) in a real browser: a host of ours shows it, and a person clicks."""

import json
from pathlib import Path

import pytest
from apps.scene import HOSTILE, image, made, picture, start  # noqa: F401

RTL = "ثعلب أحمر في الثلج"


# -- one image -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", "2026-07-28"])
def test_an_image_is_shown_with_what_is_known_of_it(start, revision):
    host = start(revision=revision)
    host.show("generate_image", image())
    host.until_picture()
    assert host.text("#prompt") == "a red fox in snow"
    assert host.text("#label").startswith("Sandbox drawing (no image model was asked")
    assert "640×480" in host.text("#facts") and "cost nothing" in host.text("#facts")
    assert host.text("#path").endswith(".png")
    # The sandbox upscales nothing, and this host has no full screen.
    assert host.shown() == ["vary", "edit"]
    assert host.browser.inside("document.getElementById('large').naturalWidth") == 640
    assert host.browser.inside("document.getElementById('large').src.slice(0,16)") == "data:image/jpeg;"
    assert host.sizes[-1]["width"] == 640 and 300 < host.sizes[-1]["height"] < 1100
    # Nothing was made or changed by showing it.
    assert {name for name, _ in host.calls} == {"app_image", "app_thumbnail"}


def test_vary_makes_another_image_and_back_shows_the_first(start):
    host = start()
    result = host.show("generate_image", image(seed=5))
    first = json.loads(result["content"][0]["text"].splitlines()[-1])["id"]
    host.until_picture()
    assert host.contexts == [] and host.called("generate_image") == []
    host.click("#vary")
    second = made(host)
    asked, = host.called("generate_image")
    assert asked["again"] is True and asked["prompt"] == "a red fox in snow" and "seed" not in asked["parameters"]
    assert second != first and first in host.contexts[0]
    host.click("#back")
    host.until_inside(f"now?.id==={json.dumps(first)}&&document.getElementById('way').hidden")


def test_edit_asks_for_words_and_edits_the_file_that_is_shown(start):
    host = start()
    result = host.show("generate_image", image(n=2))
    first = json.loads(result["content"][0]["text"].splitlines()[-1])["id"]
    host.until_picture()
    host.click("#files button:nth-child(2)")
    host.until_inside("file?.output===2")
    host.until_picture()
    host.click("#edit")
    host.until_inside("document.activeElement.id==='words'")
    host.click("#editor button")
    assert host.called("edit_image") == [], "an edit without words"
    host.click("#words")
    host.write("make it blue")
    picture(host, "edit")
    host.click("#editor button")
    made(host)
    asked, = host.called("edit_image")
    assert asked == {"prompt": "make it blue", "images": [f"{first}/2"], "wait_seconds": 0}
    assert host.text("#prompt") == "make it blue"


def test_two_quick_clicks_are_one_call(start):
    host = start()
    host.show("generate_image", image("64x64"))
    host.until_picture()
    # A frame that was resized a moment ago may hear no click: one that does nothing shows that it does.
    host.click("#prompt")
    for _ in range(2):
        x, y = host.browser.inside("{const r=document.getElementById('vary').getBoundingClientRect();[r.x+9,r.y+9]}")
        for kind in ("mousePressed", "mouseReleased"):
            host.browser.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    made(host)
    assert len(host.called("generate_image")) == 1


def test_the_keyboard_reaches_everything(start):
    host = start()
    host.show("generate_image", image("64x64"))
    host.until_picture()
    host.click("#copy")
    host.until_inside("document.getElementById('note').textContent==='The path is copied.'")
    for kind in ("rawKeyDown", "keyUp"):
        host.browser.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    host.until_inside("document.activeElement.id==='vary'")
    host.browser.press("Enter")
    made(host)
    assert host.browser.inside("document.activeElement.id") == "vary"
    host.click("#edit")
    host.until_inside("document.activeElement.id==='words'")
    host.browser.press("Escape")
    host.until_inside("document.getElementById('editor').hidden&&document.activeElement.id==='edit'")


def test_the_file_itself_is_shown_at_full_size(start):
    host = start()
    result = host.show("generate_image", image("2048x1536"))
    path = json.loads(result["content"][0]["text"].splitlines()[-1])["files"][0]["path"]
    host.until_picture()
    assert host.browser.inside("document.getElementById('large').naturalWidth") == 1024
    assert host.called("app_piece") == []
    host.click("#picture")
    host.until_inside("document.getElementById('stage').classList.contains('zoom')")
    assert host.browser.inside("document.getElementById('large').naturalWidth") == 2048
    count = -(-Path(path).stat().st_size // 393_216)
    assert [piece["offset"] for piece in host.called("app_piece")] == [393_216 * place for place in range(count)]
    host.click("#picture")
    host.until_inside("!document.getElementById('stage').classList.contains('zoom')")
    # The file is kept.
    host.click("#picture")
    host.until_inside("document.getElementById('stage').classList.contains('zoom')")
    assert len(host.called("app_piece")) == count


def test_an_image_that_is_not_finished_is_waited_for_or_cancelled(start):
    host = start()
    host.show("generate_image", image(parameters='{"sandbox":{"never":true}}', wait_seconds=0))
    host.until(lambda: host.shown() == ["cancel"], "the button")
    picture(host, "making")
    host.click("#cancel")
    host.until_inside("now?.status==='cancelled'")
    picture(host, "cancelled")
    assert len(host.called("cancel_image")) == 1 and "prediction" in host.text("#error")
    host.show("generate_image", image(prompt="a slow fox", size="64x64", parameters='{"sandbox":{"delay_ms":600}}', wait_seconds=0))
    host.until_picture()
    assert host.shown() == ["vary", "edit"]


@pytest.mark.parametrize("text", [HOSTILE, RTL])
def test_a_prompt_is_words_and_nothing_else(start, text):
    host = start()
    host.show("generate_image", image(prompt=text, size="320x240"))
    host.until_picture()
    assert host.text("#prompt") == text
    assert host.browser.inside("document.title") == "imagewire"
    assert host.browser.inside("document.querySelectorAll('script').length") == 1
    assert host.browser.inside("document.querySelectorAll('#one img').length") == 1
    direction = host.browser.inside("getComputedStyle(document.getElementById('prompt')).direction")
    assert direction == ("rtl" if text == RTL else "ltr")
    picture(host, "hostile" if text == HOSTILE else "right-to-left")


def test_what_a_frame_is_refused_it_does_not_need(start):
    """The policy holds: as if something had come through."""
    host = start()
    host.show("generate_image", image("64x64"))
    host.until_picture()
    refused = host.browser.inside(
        "new Promise(done=>{document.addEventListener('securitypolicyviolation',event=>done(event.blockedURI));"
        "document.body.insertAdjacentHTML('beforeend','<img src=http://127.0.0.1:9/x.png>')})"
    )
    assert refused.startswith("http://127.0.0.1:9")
    host.browser.complaints.clear()
    host.browser.requests[:] = [url for url in host.browser.requests if not url.startswith("http://127.0.0.1:9")]


def test_view_image_shows_the_file_that_was_named(start):
    host = start()
    result = host.show("generate_image", image("128x96", n=2))
    id = json.loads(result["content"][0]["text"].splitlines()[-1])["id"]
    host.until_picture()
    host.show("view_image", {"id": f"{id}/2"})
    host.until_inside("file?.output===2")
    host.until_picture()
    host.show("get_image", {"id": id})
    host.until_inside("file?.output===1")


def test_a_failure_says_why(start):
    host = start()
    host.show("generate_image", image(parameters='{"sandbox":{"fail":"content_refused"}}'))
    host.until_inside("now?.status==='failed'")
    assert "billing none" in host.text("#error")
    # Another attempt is a new call.
    assert host.shown() == ["vary"] and host.text("#vary") == "Try again"
    picture(host, "failed")
    host.show("generate_image", {"prompt": " "})
    host.until_inside("!document.getElementById('error').hidden")
    assert host.shown() == []
    host.show("generate_image", image("64x64"))
    host.until_picture()
    host.browser.inside("now.vary.arguments.size='7'")
    host.click("#vary")
    host.until(lambda: host.refused, "the refusal")
    host.until_inside("!document.getElementById('error').hidden")
    assert host.text("#error") == host.refused[-1]
    picture(host, "error")


def test_a_call_that_the_host_cancelled(start):
    host = start()
    page = host.ask("resources/read", {"uri": "ui://imagewire/image"})["contents"][0]["text"]
    host.load(page)
    host.tell("tool-input-partial", arguments={"prompt": "a red"})
    host.until_inside("document.getElementById('prompt').textContent==='a red'")
    host.tell("tool-input", arguments={"prompt": "a red fox"})
    host.until_inside("document.getElementById('prompt').textContent==='a red fox'")
    host.tell("tool-cancelled", reason="The user stopped it.")
    host.until_inside("document.getElementById('note').textContent==='The user stopped it.'")
    assert host.calls == [] and host.shown() == []


def test_a_host_without_tools_is_shown_no_button(start):
    host = start(tools=False)
    result = host.ask("tools/call", {"name": "generate_image", "arguments": image("128x96")})
    id = json.loads(result["content"][0]["text"].splitlines()[-1])["id"]
    host.show("view_image", {"id": id})
    host.until_picture()
    assert host.shown() == [] and host.text("#path").endswith(".png")


# -- what the host says --------------------------------------------------------------------------------------------


def test_it_takes_the_colours_of_the_host(start):
    host = start()
    host.show("generate_image", image())
    host.until_picture()
    back = "getComputedStyle(document.body).backgroundColor"
    assert host.browser.inside(back) == "rgb(255, 255, 255)"
    picture(host, "light")
    host.change(theme="dark")
    host.until_inside(f"{back}==='rgb(29, 27, 26)'")
    picture(host, "dark")
    variables = {"--color-background-primary": "light-dark(#eef, #112)", "--font-sans": "serif", "color": "red", "--x": None}
    host.change(styles={"variables": variables})
    host.until_inside(f"{back}==='rgb(17, 17, 34)'")
    host.change(theme="light")
    host.until_inside(f"{back}==='rgb(238, 238, 255)'")
    assert host.browser.inside("getComputedStyle(document.body).fontFamily") == "serif"
    assert host.browser.inside("document.documentElement.style.color") == ""


@pytest.mark.parametrize("tool", ["generate_image", "list_images"])
def test_it_fits_a_narrow_frame(start, tool):
    host = start(view=320)
    host.show("generate_image", image(prompt="a red fox in snow " * 12))
    host.until_picture()
    if tool == "list_images":
        host.show("list_images", {})
        host.until_inside("document.querySelectorAll('#cards img').length===1")
    else:
        host.click("#edit")
    host.until_inside("document.documentElement.scrollWidth===320")
    picture(host, f"narrow-{tool}")


def test_full_screen_where_the_host_has_it(start):
    host = start(context={"availableDisplayModes": ["inline", "fullscreen"]})
    host.show("generate_image", image("64x64"))
    host.until_picture()
    host.click("#wide")
    host.until_inside("document.documentElement.dataset.mode==='fullscreen'")
    assert host.context["displayMode"] == "fullscreen" and host.text("#wide") == "Leave full screen"
    host.click("#wide")
    host.until_inside("document.documentElement.dataset.mode==='inline'")


def test_a_view_that_is_taken_down_says_no_more(start):
    host = start()
    host.show("generate_image", image("64x64"))
    host.until_picture()
    assert host.demand("ping")["result"] == {}
    assert host.demand("ui/unknown")["error"]["code"] == -32601
    assert host.demand("ui/resource-teardown", reason="over")["result"] == {}
    calls, sizes = len(host.calls), len(host.sizes)
    host.tell("tool-result", content=[{"type": "text", "text": "{}"}])
    host.browser.inside("document.getElementById('page').style.height='900px'")
    assert host.demand("ping")["result"] == {}
    assert (len(host.calls), len(host.sizes)) == (calls, sizes)
