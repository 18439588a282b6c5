import { readCoverage } from "../store/coverage.ts";
import { findErasure } from "../store/erasures.ts";
import { listGaps } from "../store/gaps.ts";
import { listInboxStates } from "../store/inbox-states.ts";
import type { Inbox } from "../store/inboxes.ts";
import type { Asker } from "./explain.ts";
import type { InboxFacts } from "./why.ts";

/** What people call an inbox: by its owner, or by its address. */
export const ownerName = (inbox: Pick<Inbox, "owner" | "address"> | null): string =>
  (inbox?.owner as { name?: string | null } | null)?.name ?? inbox?.address ?? "…";

/** What is stored of an inbox since a time that may have hidden mail. */
export const inboxFacts = async ({ read, accountId, labelOf }: Asker, inbox: Inbox, since: number): Promise<InboxFacts> => ({
  inbox,
  provider: await labelOf(inbox.provider),
  states: await listInboxStates(read, accountId, inbox.id, since),
  gaps: await listGaps(read, accountId, inbox.id),
  coverage: (await readCoverage(read, accountId, [inbox.id])).get(inbox.id) ?? null,
  erasedBy: inbox.state === "erased" ? ((await findErasure(read, accountId, inbox.id))?.by ?? null) : null,
});
