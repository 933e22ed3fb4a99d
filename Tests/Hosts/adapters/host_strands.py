"""Strands Agents, with Chat Completions. It has no time-out for tools."""

from mcp import StdioServerParameters, stdio_client
from spec import MODEL, PROMPT, SERVER
from strands import Agent
from strands.models.openai import OpenAIModel
from strands.tools.mcp import MCPClient

model = OpenAIModel(client_args={"base_url": f"{MODEL}/v1", "api_key": "none", "max_retries": 0}, model_id="gpt-5.1")
with MCPClient(lambda: stdio_client(StdioServerParameters(**SERVER))) as client:
    agent = Agent(model=model, tools=client.list_tools_sync(), callback_handler=None)
    print(agent(PROMPT))
