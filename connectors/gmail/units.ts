/**
 * What each call costs in quota units ("Usage limits", Gmail API; the numbers of 2026-05-01, where Google publishes none the
 * older ones). A user may spend 6,000 a minute: 300 messages.
 */
export const units = { getProfile: 1, sendAsList: 1, historyList: 2, messagesList: 5, messagesGet: 20, watch: 100, stop: 50 } as const;
