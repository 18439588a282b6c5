/** Sends: who got one, and what came back. */
export const sends = {
  "nav.sends": "Sends",

  "sends.title": "Sends",
  "sends.empty":
    "No send yet. Register what your marketing system sends through the API (POST /v1/sent-messages with a sendId), and each send has its recipients here.",
  "sends.send": "Send",
  "sends.subject": "Subject",
  "sends.lastSent": "Last message sent",
  "sends.older": "Older sends",

  "send.messageTitle": "A message and its recipients",
  "send.sentAt": "Sent",
  "send.from": "From",
  "send.figures": "In figures",
  "send.sent": "Sent",
  "send.bounced": "Bounced: {n} of {total} ({percent})",
  "send.recipients": "Recipients",
  "send.all": "All",
  "send.onlyBounced": "Bounced",
  "send.recipient": "Recipient",
  "send.state": "State",
  "send.reason": "Reason",
  "send.details": "Details",
  "send.nothing": "Nothing came back",
  "send.noneAll": "This send has no recipients.",
  "send.noneBounced": "Nothing came back from any recipient. Show all to see who got it.",
  "send.more": "More recipients",
  "send.csv": "Download as CSV",
} as const satisfies Record<string, string>;
