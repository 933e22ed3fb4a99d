"""Paths to the tools of ProgramTests, and the figures of a run at its end."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
for folder in (TESTS / "Endurance", TESTS / "MCPTests", TESTS / "ProgramTests", TESTS / "Fixtures"):
    sys.path.insert(0, str(folder))


def pytest_terminal_summary(terminalreporter):
    """Prints what tests recorded as "figures", and how many states they judged together."""
    reports = [report for report in terminalreporter.getreports("passed") if report.when == "call"]
    recorded = [(report.nodeid.split("::")[-1], *value) for report in reports for value in report.user_properties]
    for test, name, value in recorded:
        if name == "figures":
            terminalreporter.line(f"{test}: {value}")
    states = [value for _, name, value in recorded if name == "states"]
    if states:
        terminalreporter.line(f"{sum(states)} states left by a power loss, and nothing wrong with any of them")
