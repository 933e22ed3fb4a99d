"""mcp-use, with LangChain's ChatOpenAI. It has no time-out for tools."""

import asyncio

from langchain_openai import ChatOpenAI
from mcp_use import MCPAgent, MCPClient
from spec import MODEL, PROMPT, SERVER


async def main():
    model = ChatOpenAI(model="gpt-5.1", base_url=f"{MODEL}/v1", api_key="none", max_retries=0)
    agent = MCPAgent(llm=model, client=MCPClient.from_dict({"mcpServers": {"imagewire": SERVER}}), max_steps=12)
    answer = await agent.run(PROMPT)
    await agent.close()
    # Its log goes to the same place.
    print(answer)


asyncio.run(main())
