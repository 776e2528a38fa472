"""What a first message is, before anything is done about it: pure, so that a file of questions can be judged by it.

Danger, then a report, then everything else: an alarm or a tip is never answered as a procedure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from procedures import topics
from procedures.understanding import Decision, Known, understand
from tips import danger, recognition
from tips.recognition import Report


@dataclass(frozen=True)
class Reading:
    kind: str  # emergency | tip | answer | ask_back | handoff
    decision: Decision
    topic: str = ""  # of procedures.topics, "elsewhere", or "report": ask whether it is one


def read(text: str, entries: Callable[[], Sequence[Known]]) -> Reading:
    """``entries`` is asked only when it may be a question: a catalogue that cannot be read delays no tip."""
    if danger.assess(text) is danger.Danger.EMERGENCY:
        return Reading("emergency", Decision("handoff", rule="danger"))
    topic, report = topics.topic(text), recognition.read(text)
    if topic == "wanted_missing" or (topic and report is not Report.REPORT):
        return Reading("handoff", Decision("handoff", rule="topic"), topic)
    if report is Report.REPORT:
        return Reading("tip", Decision("handoff", rule="report"))
    decision = understand(text, entries())
    if report is Report.SIGNS:
        near = () if decision.action == "handoff" else decision.candidates
        return Reading("ask_back", Decision("ask_back", near, "perhaps a report"), "report")
    if topics.is_elsewhere(text) and not (decision.action == "answer" and decision.candidates[0][1] > 0.7):
        return Reading("handoff", Decision("handoff", decision.candidates, "elsewhere"), "elsewhere")
    unsure = decision.rule == "weak" and not recognition.asks(text)
    return Reading(decision.action, decision, "report" if unsure else "")
