"""LangChain's agent and its MCP adapters, with ChatAnthropic or ChatOpenAI."""

import asyncio
from datetime import timedelta

from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from spec import HOST, MODEL, PATIENCE, PROMPT, SERVER

if HOST == "langchain-openai":
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model="gpt-5.1", base_url=f"{MODEL}/v1", api_key="none", max_retries=0)
else:
    from langchain_anthropic import ChatAnthropic

    model = ChatAnthropic(model="claude-sonnet-4-5", base_url=MODEL, api_key="none", max_retries=0)


async def main():
    patience = {"session_kwargs": {"read_timeout_seconds": timedelta(seconds=PATIENCE)}} if PATIENCE else {}
    client = MultiServerMCPClient({"imagewire": {"transport": "stdio", **SERVER, **patience}})
    # As its documentation does it: each call starts the program anew.
    agent = create_agent(model, await client.get_tools())
    state = await agent.ainvoke({"messages": [("user", PROMPT)]})
    print(state["messages"][-1].text)


asyncio.run(main())
