"""Processes new jobs; one that is processed is saved."""

from commands.applications import SaveJob
from schemas.recorded import Recorded
from streams.agent import Agent, Send, unless_refused


def job_processing() -> Agent:
    """The agent. What else a new job needs (analysis, research) comes before the last step."""
    agent = Agent("job_processing", contexts=("applications",))

    @agent.on("ApplicationOpened")
    async def opened(event: Recorded, send: Send) -> None:
        await unless_refused(send(SaveJob(event["number"]), event.stream_id))

    return agent
