import type { Description } from "../ports/connector.ts";
import type { Read } from "../ports/database.ts";
import { readNoticePlaces } from "../store/notices.ts";

/** Where a notice is read at its provider, for whoever may open the mailbox it lies in. */
export type NoticeLink = { url: string; provider: string; mailbox: string; inboxId: string };

/** The links of notices by their ids; of those alone whose provider has a page for a message. */
export const noticeLinks = async (
  read: Read,
  describe: (provider: string) => Promise<Pick<Description, "label" | "openUrl"> | null>,
  accountId: string,
  noticeIds: readonly (string | null)[],
): Promise<Map<string, NoticeLink>> => {
  const places = await readNoticePlaces(
    read,
    accountId,
    noticeIds.filter((id) => id !== null),
  );
  const links = new Map<string, NoticeLink>();
  for (const [id, { provider, mailbox, inboxId, ref }] of places) {
    const description = await describe(provider);
    if (description?.openUrl) links.set(id, { url: description.openUrl(mailbox, ref), provider: description.label, mailbox, inboxId });
  }
  return links;
};
