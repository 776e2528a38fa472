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
from zalopolice.gateway.models.messages import Attachment, Citizen, Dialogue, InboundEvent, Message

__all__ = [
    "Attachment",
    "ChannelRule",
    "Citizen",
    "Consent",
    "Dialogue",
    "InboundEvent",
    "Message",
    "OfficialAccount",
    "Token",
    "TokenJournal",
    "WebhookSecret",
    "ZaloApp",
]
