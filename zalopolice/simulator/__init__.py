"""A Zalo Official Account that runs on this machine: a separate process, own state, HTTP only.

It speaks the contract of the Zalo OA page (OAuth v4, consultation messages, uploads, history, signed webhooks),
enforces its rules, injects its faults and keeps the only honest ledger of what citizens sent and what they saw.
It imports nothing of the project, and nothing of the project imports it.
"""
