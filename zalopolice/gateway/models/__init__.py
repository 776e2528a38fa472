"""Everything Zalo: apps, accounts, tokens, the inbox, citizens, messages, files, dialogues, dated rules."""

from zalopolice.gateway.models.accounts import (
    ChannelRule,
    Consent,
    OfficialAccount,
    Token,
    TokenJournal,
    WebhookSecret,
    ZaloApp,
)
from zalopolice.gateway.models.groups import ChatGroup, StuckEvent
from zalopolice.gateway.models.health import ConsoleSeat, DomainProof, Incident, Setup, Snapshot
from zalopolice.gateway.models.history import HistoryWalk
from zalopolice.gateway.models.messages import Attachment, Citizen, Dialogue, InboundEvent, Message
from zalopolice.gateway.models.sending import Pace, QuotaDay, SendingPause, VaultMark
from zalopolice.gateway.models.shared_files import FileAtZalo, SharedFile
from zalopolice.gateway.models.sources import FollowerDay, SourceTag

__all__ = [
    "Attachment",
    "ChannelRule",
    "ChatGroup",
    "Citizen",
    "Consent",
    "ConsoleSeat",
    "Dialogue",
    "DomainProof",
    "FileAtZalo",
    "FollowerDay",
    "HistoryWalk",
    "InboundEvent",
    "Incident",
    "Message",
    "OfficialAccount",
    "Pace",
    "QuotaDay",
    "SendingPause",
    "Setup",
    "SharedFile",
    "Snapshot",
    "SourceTag",
    "StuckEvent",
    "Token",
    "TokenJournal",
    "VaultMark",
    "WebhookSecret",
    "ZaloApp",
]
