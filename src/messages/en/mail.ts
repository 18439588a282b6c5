/** Mail to the owners of inboxes. */
export const mail = {
  "mail.reminder.subject": "Please reconnect {address}",
  "mail.reminder.body":
    "Hello,\n\nBounceline cannot read {address} any more, so bounces of your mail are not noticed.\n\n{meaning}\n\nHere you see what to do:\n{link}\n\nYou get this message at once, after 3 and after 7 days, and then no more.\n",
  "mail.digest.subject": "{n} bounces since {date}",
  "mail.digest.body":
    "Hello {name},\n\nthese messages did not reach their recipients:\n\n{list}\n\nAll of them, and what to do:\n{link}\n\nYou asked for this digest in your settings, and can end it there.\n",
  "mail.digest.line": "{title}\n  {address} · “{subject}”\n  → {action}",
  "mail.digest.more": "… and {n} more",
  "me.digest": "Send me a digest of my bounces on weekdays at 8",
} as const satisfies Record<string, string>;
