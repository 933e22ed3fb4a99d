"""Pydantic AI, with Chat Completions."""

import asyncio

from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from spec import MODEL, PATIENCE, PROMPT, SERVER


async def main():
    patience = {"read_timeout": PATIENCE} if PATIENCE else {}
    tools = MCPToolset(StdioTransport(**SERVER), **patience)
    model = OpenAIChatModel("gpt-5.1", provider=OpenAIProvider(base_url=f"{MODEL}/v1", api_key="none"))
    print((await Agent(model, toolsets=[tools]).run(PROMPT)).output)


asyncio.run(main())
