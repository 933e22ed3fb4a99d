"""Drives the program with `fastmcp` and `fastmcp-tasks`: the extension io.modelcontextprotocol/tasks. Run by
test_clients.py.

    fast.py PROGRAM [ARGUMENT…]
"""

import asyncio
import base64
import os
import sys
from pathlib import Path

import mcp_types
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError
from fastmcp_tasks import call_tool_task
from mcp import MCPError

TOOLS = [
    "generate_image", "edit_image", "view_image", "get_image", "cancel_image", "list_images", "list_models", "estimate_cost",
]


def done(step):
    print(step, flush=True)


async def refused(call, kind):
    try:
        return await call
    except kind as error:
        return error
    raise AssertionError("it was not refused")


async def converse(client):
    assert client.session.protocol_version == "2026-07-28"
    done("initialise")
    assert [tool.name for tool in await client.list_tools()] == TOOLS
    done("list")

    # This client says that it knows tasks, so it is given one, and follows it by itself.
    made = (await client.call_tool("generate_image", {"prompt": "a red fox in snow", "size": "64x64"})).structured_content
    assert made["status"] == "completed"
    assert Path(made["files"][0]["path"]).read_bytes().startswith(b"\x89PNG")
    done("picture")

    small = {"prompt": "a boat", "size": "64x64", "view": True}
    result = await client.call_tool("generate_image", small)
    assert [block.type for block in result.content] == ["text", "image"] and result.structured_content is None
    assert base64.b64decode(result.content[1].data).startswith(b"\xff\xd8\xff")
    done("inline")

    unwanted = {"prompt": "a fox", "parameters": '{"sandbox":{"fail":"content_refused"}}'}
    error = await refused(client.call_tool("generate_image", unwanted), ToolError)
    assert "refused" in str(error), error
    done("refused")
    error = await refused(client.call_tool("generate_image", {"prompt": " "}), ToolError)
    assert "prompt is empty" in str(error), error
    done("bad argument")
    error = await refused(client.call_tool("draw", {}), (ToolError, MCPError))
    assert "draw" in str(error)
    done("unknown tool")

    reports = []

    async def report(progress, total, message):
        reports.append((progress, message))

    slow = {"prompt": "a fox", "size": "64x64", "parameters": '{"sandbox":{"delay_ms":1500}}'}
    submitted = (await client.call_tool("submit_prediction", {"prompt": "a fox", "input": {"sandbox": {"delay_ms": 1500}}})).structured_content
    arguments = {"id": submitted["id"]}
    got = (await client.call_tool("get_image", arguments, progress_handler=report)).structured_content
    assert got["status"] == "completed" and reports, reports
    done("progress")
    done("submit then get")

    slow = {"prompt": "a whale", "size": "64x64", "parameters": '{"sandbox":{"delay_ms":1500}}'}
    task = await call_tool_task(client, "generate_image", slow)
    assert (await task.status()).status == "working"
    assert task.create_result.ttl_ms is None
    assert (await task.wait()).status == "completed"
    assert (await task.result()).structured_content["id"] == task.task_id

    unwanted = {"prompt": "a whale", "parameters": '{"sandbox":{"fail":"content_refused"}}'}
    task = await call_tool_task(client, "generate_image", unwanted, raise_on_error=False)
    assert (await task.wait()).status == "completed"
    assert (await task.result()).is_error
    done("tasks")

    never = {"prompt": "a whale", "parameters": '{"sandbox":{"never":true}}'}
    task = await call_tool_task(client, "generate_image", never)
    await task.cancel()
    assert (await task.wait(timeout=30)).status == "cancelled"
    await task.cancel()
    done("cancel")

    assert await client.list_resources() == []
    (template,) = await client.list_resource_templates()
    template = getattr(template, "uri_template", None) or template.uriTemplate
    uri = template.replace("{id}", got["id"]).replace("{n}", "1")
    read = (await client.read_resource(uri))[0]
    assert base64.b64decode(read.blob) == Path(got["files"][0]["path"]).read_bytes()
    done("resources")

    (prompt,) = await client.list_prompts()
    reference = mcp_types.PromptReference(type="ref/prompt", name=prompt.name)
    assert (await client.complete(reference, {"name": "model", "value": "gpt"})).values
    done("completion")


async def main():
    program, *arguments = sys.argv[1:]
    environment = {name: os.environ[name] for name in ("HOME", "PATH", "IMAGEWIRE_STATE_DIR") if name in os.environ}
    async with Client(StdioTransport(command=program, args=arguments, env=environment, keep_alive=False)) as client:
        await converse(client)
    done("closed")


asyncio.run(main())
