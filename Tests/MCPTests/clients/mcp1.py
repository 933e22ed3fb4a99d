"""Drives the program with the `mcp` package of 1.x, whichever of them this environment has. Run by test_clients.py.

    mcp1.py REVISION PROGRAM [ARGUMENT…]
"""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path

import mcp.types as types
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from pydantic import AnyUrl

TOOLS = [
    "generate_image", "edit_image", "view_image", "get_image", "cancel_image", "list_images", "list_models", "estimate_cost",
]


def done(step):
    print(step, flush=True)


def content(result):
    """The content of the result, in the form of this revision."""
    text = next(block.text for block in result.content if block.type == "text")
    # A line before it says that the sandbox drew.
    return json.loads(text.splitlines()[-1])


async def refused(call, code):
    try:
        await call
    except McpError as error:
        assert error.error.code == code, error.error
    else:
        raise AssertionError("it was not refused")


async def call(session, name, arguments, token=None):
    """tools/call as every 1.x can send it, with a progress token where one is wanted."""
    meta = types.RequestParams.Meta(progressToken=token) if token is not None else None
    params = types.CallToolRequestParams(name=name, arguments=arguments, _meta=meta)
    request = types.ClientRequest(types.CallToolRequest(method="tools/call", params=params))
    return await session.send_request(request, types.CallToolResult)


async def drain(session):
    """1.1.3 blocks until its notifications are read."""
    async for _ in session.incoming_messages:
        pass


async def cancel(session, number):
    params = {"requestId": number, "reason": "enough"}
    if hasattr(types, "CancelledNotification"):
        note = types.CancelledNotification(method="notifications/cancelled", params=params)
        return await session.send_notification(types.ClientNotification(note))
    # 1.1.3 knows no such notification; the message is the same.
    note = types.JSONRPCNotification(jsonrpc="2.0", method="notifications/cancelled", params=params)
    await session._write_stream.send(types.JSONRPCMessage(note))


async def converse(session, revision):
    draining = asyncio.create_task(drain(session)) if hasattr(session, "incoming_messages") else None
    hello = await session.initialize()
    assert hello.protocolVersion == revision, hello.protocolVersion
    assert hello.serverInfo.name == "imagewire"
    await session.send_ping()
    done("initialise")

    tools = (await session.list_tools()).tools
    assert [tool.name for tool in tools] == TOOLS
    done("list")

    result = await session.call_tool("generate_image", {"prompt": "a red fox in snow", "size": "64x64"})
    assert not result.isError, result
    made = content(result)
    assert made["status"] == "completed"
    assert Path(made["files"][0]["path"]).read_bytes().startswith(b"\x89PNG")
    if revision >= "2025-06-18":
        assert {**made, "about": ""} == {**result.structuredContent, "about": ""}
    assert [block.type for block in result.content] == ["text"]
    done("picture")

    small = {"prompt": "a boat", "size": "64x64", "view": True}
    result = await session.call_tool("generate_image", small)
    assert [block.type for block in result.content] == ["text", "image"] and not getattr(result, "structuredContent", None)
    assert base64.b64decode(result.content[1].data).startswith(b"\xff\xd8\xff")
    done("inline")

    unwanted = {"prompt": "a fox", "parameters": '{"sandbox":{"fail":"content_refused"}}'}
    result = await session.call_tool("generate_image", unwanted)
    assert result.isError and "refused" in result.content[0].text, result
    done("refused")

    if revision >= "2025-11-25":
        result = await call(session, "generate_image", {"prompt": ""})
        assert result.isError and "prompt is empty" in result.content[0].text
    else:
        await refused(call(session, "generate_image", {"prompt": ""}), -32602)
    done("bad argument")

    await refused(session.call_tool("draw", {}), -32602)
    done("unknown tool")

    slow = {"prompt": "a fox", "size": "64x64", "parameters": '{"sandbox":{"delay_ms":2500}}'}
    assert content(await call(session, "generate_image", slow, token="p"))["status"] == "completed"
    done("progress")

    never = {"prompt": "a fox that never comes", "parameters": '{"sandbox":{"never":true}}'}
    number = session._request_id
    waiting = asyncio.create_task(call(session, "generate_image", never, token="never"))
    while session._request_id == number:
        await asyncio.sleep(0.01)
    while not any(one.get("status") == "processing" for one in await listed(session)):
        await asyncio.sleep(0.05)
    await cancel(session, number)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    running = next(one for one in await listed(session) if one.get("status") == "processing")
    cancelled = await session.call_tool("cancel_image", {"id": running["id"]})
    assert not cancelled.isError and content(cancelled)["status"] == "cancelled"
    done("cancel")

    submitted = content(await session.call_tool("generate_image", {"prompt": "a lighthouse", "size": "64x64", "wait_seconds": 0}))
    assert "get_image" in submitted["next"]
    got = content(await session.call_tool("get_image", {"id": submitted["id"]}))
    assert got["id"] == submitted["id"] and got["status"] == "completed"
    missing = await session.call_tool("get_image", {"id": "nothing"})
    assert missing.isError
    done("submit then get")

    await session.list_resources()
    if hasattr(session, "list_resource_templates"):
        templates = (await session.list_resource_templates()).resourceTemplates
        assert [template.uriTemplate for template in templates] == ["imagewire://predictions/{id}/{n}"]
    uri = f"imagewire://predictions/{got['id']}/1"
    read = (await session.read_resource(AnyUrl(uri))).contents[0]
    assert base64.b64decode(read.blob) == Path(got["files"][0]["path"]).read_bytes()
    await refused(session.read_resource(AnyUrl(f"imagewire://predictions/{got['id']}/2")), -32002)
    done("resources")

    prompts = (await session.list_prompts()).prompts
    assert [prompt.name for prompt in prompts] == ["new_image"]
    await session.get_prompt("new_image", {"prompt": "a fox"})
    reference = types.PromptReference(type="ref/prompt", name="new_image")
    offered = await session.complete(reference, {"name": "model", "value": "openai"})
    assert offered.completion.values
    done("completion")

    if revision >= "2025-11-25":
        await tasks(session)
    if draining:
        draining.cancel()


async def listed(session):
    return content(await session.call_tool("list_images", {"limit": 5}))["images"]


async def tasks(session):
    features = session.experimental
    arguments = {"prompt": "a whale", "size": "64x64", "parameters": '{"sandbox":{"delay_ms":1200}}'}
    task = (await features.call_tool_as_task("generate_image", arguments, ttl=60000, meta={"progressToken": 77})).task
    assert task.status == "working" and task.ttl is None
    seen = [status.status async for status in features.poll_task(task.taskId)]
    assert seen[0] == "working" and seen[-1] == "completed", seen
    result = await features.get_task_result(task.taskId, types.CallToolResult)
    assert not result.isError and content(result)["id"] == task.taskId

    never = {"prompt": "a whale", "parameters": '{"sandbox":{"never":true}}'}
    task = (await features.call_tool_as_task("generate_image", never)).task
    blocked = asyncio.create_task(features.get_task_result(task.taskId, types.CallToolResult))
    await asyncio.sleep(0)
    assert (await features.cancel_task(task.taskId)).status == "cancelled"
    assert isinstance((await asyncio.gather(blocked, return_exceptions=True))[0], McpError)
    await refused(features.cancel_task(task.taskId), -32602)
    await refused(features.get_task("nothing"), -32602)

    bad = {"prompt": "a whale", "parameters": '{"sandbox":{"fail":"content_refused"}}'}
    task = (await features.call_tool_as_task("generate_image", bad)).task
    seen = [status.status async for status in features.poll_task(task.taskId)]
    assert seen[-1] == "failed"
    assert (await features.get_task_result(task.taskId, types.CallToolResult)).isError
    assert task.taskId in [one.taskId for one in (await features.list_tasks()).tasks]
    done("tasks")


async def main():
    revision, program, *arguments = sys.argv[1:]
    environment = {name: os.environ[name] for name in ("HOME", "PATH", "IMAGEWIRE_STATE_DIR") if name in os.environ}
    parameters = StdioServerParameters(command=program, args=arguments, env=environment)
    async with stdio_client(parameters) as (read, write):
        async with ClientSession(read, write) as session:
            await converse(session, revision)
    done("closed")


asyncio.run(main())
