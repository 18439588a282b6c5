import type { Migration } from "../migrate.ts";
import { firstSchema } from "./0001-first-schema.ts";
import { signIn } from "./0002-sign-in.ts";
import { authorizations } from "./0003-authorizations.ts";
import { webhooks } from "./0004-webhooks.ts";
import { addresses } from "./0005-addresses.ts";
import { noticeDecisions } from "./0006-notice-decisions.ts";
import { push } from "./0007-push.ts";
import { accountRules } from "./0008-account-rules.ts";
import { crm } from "./0009-crm.ts";
import { erasures } from "./0010-erasures.ts";
import { idempotencyKeys } from "./0011-idempotency-keys.ts";
import { lookups } from "./0012-lookups.ts";
import { users } from "./0013-users.ts";
import { contactSearch } from "./0015-contact-search.ts";
import { support } from "./0016-support.ts";
import { why } from "./0017-why.ts";
import { ownerMail } from "./0018-owner-mail.ts";
import { sentTo } from "./0019-sent-to.ts";
import { returnUrls } from "./0020-return-urls.ts";
import { workers } from "./0021-workers.ts";
import { inboxLimits } from "./0022-inbox-limits.ts";

/** Every step in order. */
export const migrations: readonly Migration[] = [
  firstSchema,
  signIn,
  authorizations,
  webhooks,
  addresses,
  noticeDecisions,
  push,
  accountRules,
  crm,
  erasures,
  idempotencyKeys,
  lookups,
  users,
  contactSearch,
  support,
  why,
  ownerMail,
  sentTo,
  returnUrls,
  workers,
  inboxLimits,
];
