/** A message's name within its mailbox: RFC 9051, 2.3.1.1 makes folder, UIDVALIDITY and UID together unique for ever. */
export type MessagePlace = { path: string; uidValidity: string; uid: number };

/** `1795629139:17:INBOX`. The folder comes last because it may hold anything. */
export const messageRef = ({ path, uidValidity, uid }: MessagePlace): string => `${uidValidity}:${uid}:${path}`;

/** Takes a ref apart again; null if it is none of ours. */
export const readMessageRef = (ref: string): MessagePlace | null => {
  const [, uidValidity, uid, path] = /^(\d+):(\d+):(.+)$/s.exec(ref) ?? [];
  return uidValidity !== undefined && path !== undefined && Number.isSafeInteger(Number(uid))
    ? { path, uidValidity, uid: Number(uid) }
    : null;
};

const gmailPrefix = "x-gm-msgid:";

/** On Gmail a message lies under several labels, in each with a UID of its own: there its one id (X-GM-MSGID) names it. */
export const gmailRef = (id: string): string => `${gmailPrefix}${id}`;

/** The X-GM-MSGID in a ref; null if it holds none. */
export const readGmailRef = (ref: string): string | null => (/^x-gm-msgid:\d{1,20}$/.test(ref) ? ref.slice(gmailPrefix.length) : null);
