"""The parts of the simulator held together; handlers find it as `request.app.state.world`."""

from pathlib import Path

from .chat import Chat
from .clock import Clock
from .config import Config
from .faults import Faults
from .groups import Groups
from .media import Media
from .people import People
from .state import State
from .webhooks import Webhooks


class World:
    """One province of Zalo: config, memory, clock, faults, people, conversations, webhooks."""

    def __init__(self, config: Config, directory: Path, base_url: str) -> None:
        self.config = config
        self.base_url = base_url
        self.state = State(directory)
        self.clock = Clock(self.state)
        self.faults = Faults(self.state, config.retry_scale)
        self.people = People(self.state, config)
        self.media = Media(self.state, self.clock)
        self.webhooks = Webhooks(self.state, config, self.clock, self.faults)
        self.chat = Chat(self)
        self.groups = Groups(self)
