/** How the Message-ID of our own mail begins. It lands in inboxes that we watch, and is no notice, whatever it tells of. */
export const ownMailPrefix = "bounceline-mail.";

export const isOwnMail = (messageId: string | null | undefined): boolean => (messageId ?? "").trim().startsWith(`<${ownMailPrefix}`);
