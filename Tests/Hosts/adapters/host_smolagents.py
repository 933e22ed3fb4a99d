"""smolagents, whose agent calls tools, with Chat Completions. It has no time-out for tools."""

from mcp import StdioServerParameters
from smolagents import MCPClient, OpenAIServerModel, ToolCallingAgent
from spec import MODEL, PROMPT, SERVER

model = OpenAIServerModel("gpt-4.1", api_base=f"{MODEL}/v1", api_key="none", client_kwargs={"max_retries": 0})
with MCPClient(StdioServerParameters(**SERVER), structured_output=False) as tools:
    print(ToolCallingAgent(tools, model, max_steps=6, verbosity_level=0).run(PROMPT))
