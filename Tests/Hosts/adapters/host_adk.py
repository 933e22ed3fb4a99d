"""Google's Agent Development Kit, with LiteLLM for the model."""

import asyncio

from google.adk.agents import LlmAgent
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from mcp import StdioServerParameters
from spec import MODEL, PATIENCE, PROMPT, SERVER


async def main():
    patience = {"timeout": PATIENCE} if PATIENCE else {}
    tools = McpToolset(connection_params=StdioConnectionParams(server_params=StdioServerParameters(**SERVER), **patience))
    model = LiteLlm(model="openai/gpt-5.1", api_base=f"{MODEL}/v1", api_key="none")
    runner = InMemoryRunner(agent=LlmAgent(name="painter", model=model, tools=[tools]))
    for event in await runner.run_debug(PROMPT, quiet=True):
        for part in event.content.parts if event.content else []:
            if part.text:
                print(part.text)
    await tools.close()


asyncio.run(main())
