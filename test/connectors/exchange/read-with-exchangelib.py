"""Reads a mailbox with exchangelib, a client none of ours is made from, and prints what it found as JSON."""

import json
import os
import sys

from exchangelib import BASIC, DELEGATE, NTLM, Account, Configuration, Credentials, Version
from exchangelib.items import Message
from exchangelib.protocol import BaseProtocol, NoVerifyHTTPAdapter
from exchangelib.version import EXCHANGE_2010_SP2

BaseProtocol.HTTP_ADAPTER_CLS = NoVerifyHTTPAdapter
url, scheme, address = sys.argv[1:4]
configuration = Configuration(
    service_endpoint=url,
    credentials=Credentials("SALES\\anna", os.environ["PASSWORD"]),
    auth_type={"Basic": BASIC, "NTLM": NTLM}[scheme],
    version=Version(EXCHANGE_2010_SP2),
)
account = Account(address, config=configuration, autodiscover=False, access_type=DELEGATE)


def id_of(changed):
    return (changed[0] if isinstance(changed, tuple) else changed).id


def follow(state):
    """The changes since a position, three at a time, and the position behind them."""
    changes = account.inbox.sync_items(state, only_fields=["subject"], max_changes_returned=3)
    return [(kind, id_of(changed)) for kind, changed in changes], account.inbox.item_sync_state


first, state = follow(None)
listed = [
    {"id": message.id, "subject": message.subject, "to": [to.email_address for to in message.to_recipients or []], "class": message.item_class}
    for message in account.inbox.all().order_by("-datetime_received").only("subject", "to_recipients", "item_class")
]
mime = [message.mime_content.decode() for message in account.inbox.all().only("mime_content")]
print(json.dumps({"first": first, "listed": listed, "mime": mime, "sent": account.sent.all().count(), "folder": account.inbox.name}), flush=True)
sys.stdin.readline()
print(json.dumps(follow(state)[0]), flush=True)
