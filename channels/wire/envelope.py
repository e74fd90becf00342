"""What a machine is sent: the CAP document when the message has one, else a small JSON that says the same."""

import json

from channels.message import Message


def envelope(message: Message) -> tuple[bytes, str]:
    """Body and content type of a message to a machine (webhook, MQTT)."""
    if message.body:
        return message.body, message.content_type or "application/octet-stream"
    return json.dumps(
        {
            "identifier": message.identifier,
            "event": message.event,
            "version": message.version,
            "msg_type": message.msg_type,
            "status": message.status,
            "priority": message.priority,
            "language": message.language,
            "subject": message.subject,
            "text": message.text,
            "sent": message.sent.isoformat(),
            "expires": message.expires.isoformat(),
        },
        ensure_ascii=False,
    ).encode(), "application/json"
