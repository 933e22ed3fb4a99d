"""Claude Code, the program in claude-agent-sdk."""

import asyncio

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query
from spec import FOLDER, MODEL, PATIENCE, PROMPT, SERVER


async def main():
    patience = {"MCP_TOOL_TIMEOUT": str(PATIENCE * 1_000)} if PATIENCE else {}
    options = ClaudeAgentOptions(
        model="claude-sonnet-4-5", cwd=FOLDER, allowed_tools=["mcp__imagewire"], setting_sources=[], max_turns=60,
        mcp_servers={"imagewire": {"type": "stdio", **SERVER}},
        env={"ANTHROPIC_BASE_URL": MODEL, "ANTHROPIC_API_KEY": "none", **patience},
    )
    async for message in query(prompt=PROMPT, options=options):
        if isinstance(message, ResultMessage):
            print(message.result)


asyncio.run(main())
