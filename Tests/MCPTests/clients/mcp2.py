"""Drives the program with the `mcp` package of 2.x. Run by test_clients.py.

    mcp2.py MODE PROGRAM [ARGUMENT…]       MODE is auto (2026-07-28) or legacy (2025-11-25)
"""

import base64
import os
import sys
from pathlib import Path

import anyio
from mcp import Client, MCPError, StdioServerParameters

TOOLS = [
    "generate_image", "edit_image", "view_image", "get_image", "cancel_image", "list_images", "list_models", "estimate_cost",
]


def done(step):
    print(step, flush=True)


async def refused(call, code):
    try:
        await call
    except MCPError as error:
        assert error.code == code, error
    else:
        raise AssertionError("it was not refused")


async def converse(client, mode):
    revision = {"auto": "2026-07-28", "legacy": "2025-11-25"}[mode]
    assert client.protocol_version == revision, client.protocol_version
    assert client.server_info.name == "imagewire"
    assert client.instructions
    done("initialise")

    tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == TOOLS
    assert all(tool.annotations and tool.icons and tool.title for tool in tools)
    done("list")

    result = await client.call_tool("generate_image", {"prompt": "a red fox in snow", "size": "64x64"})
    made = result.structured_content
    assert not result.is_error and made["status"] == "completed"
    assert Path(made["files"][0]["path"]).read_bytes().startswith(b"\x89PNG")
    assert [block.type for block in result.content] == ["text"]
    done("picture")

    small = {"prompt": "a boat", "size": "64x64", "view": True}
    result = await client.call_tool("generate_image", small)
    assert [block.type for block in result.content] == ["text", "image"] and result.structured_content is None
    assert base64.b64decode(result.content[1].data).startswith(b"\xff\xd8\xff")
    done("inline")

    unwanted = {"prompt": "a fox", "parameters": '{"sandbox":{"fail":"content_refused"}}'}
    result = await client.call_tool("generate_image", unwanted)
    assert result.is_error and "refused" in result.content[0].text
    done("refused")

    result = await client.call_tool("generate_image", {"prompt": "a fox", "promt": "a fox"})
    assert result.is_error and 'There is no parameter "promt"' in result.content[0].text, result
    done("bad argument")

    await refused(client.call_tool("draw", {}), -32602)
    done("unknown tool")

    reports = []

    async def report(progress, total, message):
        reports.append((progress, message))

    slow = {"prompt": "a fox", "size": "64x64", "parameters": '{"sandbox":{"delay_ms":2500}}'}
    await client.call_tool("generate_image", slow, progress_callback=report)
    assert len(reports) >= 2 and "processing" in reports[-1][1], reports
    done("progress")

    never = {"prompt": "a fox that never comes", "parameters": '{"sandbox":{"never":true}}'}
    begun = anyio.Event()

    async def noticed(progress, total, message):
        begun.set()

    async with anyio.create_task_group() as group:

        async def wait():
            await client.call_tool("generate_image", never, progress_callback=noticed)

        group.start_soon(wait)
        await begun.wait()
        group.cancel_scope.cancel()
    listed = (await client.call_tool("list_images", {"query": "never comes"})).structured_content
    (running,) = listed["images"]
    result = await client.call_tool("cancel_image", {"id": running["id"]})
    assert result.structured_content["status"] == "cancelled"
    done("cancel")

    submitted = (await client.call_tool("generate_image", {"prompt": "a lighthouse", "size": "64x64", "wait_seconds": 0})).structured_content
    got = (await client.call_tool("get_image", {"id": submitted["id"]})).structured_content
    assert got["id"] == submitted["id"] and got["status"] == "completed"
    assert (await client.call_tool("get_image", {"id": "nothing"})).is_error
    done("submit then get")

    assert (await client.list_resources()).resources == []
    (template,) = (await client.list_resource_templates()).resource_templates
    uri = template.uri_template.replace("{id}", got["id"]).replace("{n}", "1")
    read = (await client.read_resource(uri)).contents[0]
    assert base64.b64decode(read.blob) == Path(got["files"][0]["path"]).read_bytes()
    await refused(client.read_resource(uri + "0"), -32602 if mode == "auto" else -32002)
    done("resources")

    (prompt,) = (await client.list_prompts()).prompts
    await client.get_prompt(prompt.name, {"prompt": "a fox"})
    offered = await client.complete({"type": "ref/prompt", "name": prompt.name}, {"name": "model", "value": "gpt"})
    assert offered.completion.values
    done("completion")


async def main():
    mode, program, *arguments = sys.argv[1:]
    environment = {name: os.environ[name] for name in ("HOME", "PATH", "IMAGEWIRE_STATE_DIR") if name in os.environ}
    parameters = StdioServerParameters(command=program, args=arguments, env=environment)
    async with Client(parameters, mode=mode) as client:
        await converse(client, mode)
    done("closed")


anyio.run(main)
