import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/**
 * What is looked up by more than its account: failures by domain, letters by recipient and time, what is due in one account. Adds only;
 * rows of the release before have no domain (nothing is seen alike there) and the latest time there is (they are looked at).
 */
export const lookups: Migration = {
  version: 12,
  oldestRelease: "0.1.0",
  async up(db, engine) {
    const at = engine === "sqlite" ? "instr(recipient_key, '@')" : "strpos(recipient_key, '@')";
    for (const statement of [
      "alter table engagements add column recipient_domain text",
      `update engagements set recipient_domain = substr(recipient_key, ${at} + 1) where ${at} > 0`,
      "create index engagements_domain on engagements (account_id, recipient_domain, category, reason, occurred_at) where recipient_domain is not null",
      "alter table sent_recipients add column sent_at bigint not null default 9007199254740991",
      `update sent_recipients set sent_at = (select s.sent_at from sent_messages s
        where s.account_id = sent_recipients.account_id and s.id = sent_recipients.sent_message_id)`,
      "create index sent_recipients_to on sent_recipients (account_id, address_key, sent_at)",
      "drop index sent_recipients_address",
      "create index engagements_pending_in on engagements (account_id, pending_until) where pending_until is not null",
      "create index notices_waiting_in on notices (account_id, waits_until) where waits_until is not null",
      "create index global_reports_account on global_reports (account_id)",
      "create index traces_notice on traces (account_id, notice_id) where notice_id is not null",
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
