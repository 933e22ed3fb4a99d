"""The OpenAI Agents SDK, with the Responses API."""

import asyncio

from agents import Agent, OpenAIResponsesModel, Runner
from agents.mcp import MCPServerStdio
from openai import AsyncOpenAI
from spec import MODEL, PATIENCE, PROMPT, SERVER


async def main():
    model = OpenAIResponsesModel("gpt-5.1", AsyncOpenAI(base_url=f"{MODEL}/v1", api_key="none", max_retries=0))
    patience = {"client_session_timeout_seconds": PATIENCE} if PATIENCE else {}
    async with MCPServerStdio(SERVER, name="imagewire", **patience) as server:
        agent = Agent("painter", model=model, mcp_servers=[server])
        print((await Runner.run(agent, PROMPT)).final_output)


asyncio.run(main())
