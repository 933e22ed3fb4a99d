"""agno, with Chat Completions."""

import asyncio

from agno.agent import Agent
from agno.models.openai import OpenAIChat
from agno.tools.mcp import MCPTools
from mcp import StdioServerParameters
from spec import MODEL, PATIENCE, PROMPT, SERVER


async def main():
    patience = {"timeout_seconds": PATIENCE} if PATIENCE else {}
    async with MCPTools(server_params=StdioServerParameters(**SERVER), **patience) as tools:
        model = OpenAIChat(id="gpt-5.1", base_url=f"{MODEL}/v1", api_key="none", max_retries=0)
        print((await Agent(model=model, tools=[tools], telemetry=False).arun(PROMPT)).content)


asyncio.run(main())
