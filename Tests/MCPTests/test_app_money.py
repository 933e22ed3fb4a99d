"""What clicks in the pages of MCP Apps may cost."""

import json

from apps.scene import EDITOR, image, made, paid, picture, start  # noqa: F401
from program import KEY
from wavespeed import LoopbackWaveSpeed


def test_only_a_click_pays(paid):
    host, server = paid
    host.show("generate_image", {"prompt": "a fox"})
    host.until_picture()
    assert host.text("#label") == "" and "cost" in host.text("#facts")
    assert host.shown() == ["vary", "edit", "upscale"] and len(server.posts()) == 1
    host.click("#upscale")
    host.until_inside("!document.getElementById('enlarger').hidden")
    assert host.called("list_models") == [{"kind": "upscale"}]
    assert host.browser.inside("[...models.options].map(o=>o.value)") == ["acme/upscaler"]
    assert host.text("#purpose").startswith("Price: from $") and "Upscales photos" in host.text("#purpose")
    picture(host, "upscale")
    host.click("#edit")
    host.until_inside("document.getElementById('price').textContent.startsWith('Cost: ')")
    assert len(server.posts()) == 1, "a price was paid for"
    host.click("#upscale")
    host.click("#enlarger button")
    made(host)
    asked, = host.called("edit_image")
    assert asked["model"] == "acme/upscaler" and asked["wait_seconds"] == 0
    assert server.posts()[-1]["path"].endswith("acme/upscaler") and len(server.posts()) == 2


def test_the_caps_for_agents_hold_for_clicks(start):
    with LoopbackWaveSpeed() as server:
        server.script(catalogue=EDITOR, polls=0)
        variables = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": server.url, "IMAGEWIRE_MODEL": "acme/painter"}
        host = start("--agent-max-images", "1", variables=variables)
        host.show("generate_image", {"prompt": "a fox"})
        host.until_picture()
        host.click("#vary")
        host.until_inside("!document.getElementById('error').hidden&&document.getElementById('error').textContent!==''")
        assert "1" in host.text("#error") and len(server.posts()) == 1


def test_a_drawing_of_the_sandbox_is_not_varied_for_money(start, home):
    free = start()
    result = free.show("generate_image", image("64x64"))
    id = json.loads(result["content"][0]["text"].splitlines()[-1])["id"]
    with LoopbackWaveSpeed() as server:
        server.script(catalogue=EDITOR, polls=0)
        host = start(variables={"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": server.url, "IMAGEWIRE_MODEL": "acme/painter"})
        host.show("get_image", {"id": id})
        host.until_picture()
        assert host.text("#label").startswith("Sandbox drawing") and "vary" not in host.shown()
