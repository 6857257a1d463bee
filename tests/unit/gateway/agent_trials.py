"""What the OpenAI Agents SDK is tried with at the gateway."""

from typing import Any

from agents import Agent, Runner, function_tool
from pydantic import BaseModel


class City(BaseModel):
    """What is asked for where a client parses answers."""

    city: str


async def _ran(model: Any) -> None:
    told = await Runner.run(Agent(name="guide", instructions="Be short.", model=model), "Where is the Louvre?")
    assert told.final_output == "Paris."


async def _ran_streamed(model: Any) -> None:
    told = Runner.run_streamed(Agent(name="guide", model=model), "Where is the Louvre?")
    events = [event async for event in told.stream_events() if event.type == "raw_response_event"]
    assert "".join(getattr(event.data, "delta", "") for event in events) == "Paris."
    assert told.final_output == "Paris."


async def _ran_with_tool(model: Any) -> None:
    asked = []

    @function_tool
    def where(city: str) -> str:
        """Finds a city."""
        asked.append(city)
        return "It is there."

    told = await Runner.run(Agent(name="guide", tools=[where], model=model), "Where is the Louvre?")
    assert (asked, told.final_output) == (["Paris"] * 2, "Paris.")


async def _ran_to_type(model: Any) -> None:
    told = await Runner.run(Agent(name="guide", output_type=City, model=model), "Where is the Louvre?")
    assert told.final_output == City(city="Paris")


async def _ran_with_handoff(model: Any) -> None:
    expert = Agent(name="expert", model=model)
    told = await Runner.run(Agent(name="guide", handoffs=[expert], model=model), "Where is the Louvre?")
    assert (told.last_agent.name, told.final_output) == ("expert", "Paris.")


AGENTS = (
    ("Runner.run", _ran),
    ("Runner.run_streamed", _ran_streamed),
    ("function_tool", _ran_with_tool),
    ("output_type", _ran_to_type),
    ("handoffs", _ran_with_handoff),
)
