import type { Quota } from "./limiter.ts";

/**
 * What providers allow, for the limiter. Gmail ("Usage limits", 2026-05-01): 6,000 units a minute for a user, 1,200,000 for the
 * operator's app. A burst and a minute's refill together stay below that, with room for twenty workers' blocks; one message costs 20
 * units. Microsoft Graph
 * ("Service-specific throttling limits", Outlook): 10,000 requests in ten minutes for an app and a mailbox; 2,000 a second for an app.
 */
export const quotas: { readonly [prefix: string]: Quota } = {
  "gmail:user": { burst: 600, perSecond: 90 },
  "gmail:app": { burst: 40_000, perSecond: 19_000, block: 950 },
  "office365:mailbox": { burst: 1000, perSecond: 15 },
  "office365:app": { burst: 900, perSecond: 1000, block: 50 },
};
