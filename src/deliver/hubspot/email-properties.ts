import type { CrmEngagement } from "../../ports/crm.ts";
import type { State } from "../../timeline/fold.ts";

/** The property of an e-mail in HubSpot that holds our engagement's id; unique there. */
export const idProperty = "bounceline_engagement_id";

/** HubSpot cuts nothing: a longer value is refused. The server's words are longer only by mischief. */
const longest = 2_000;

const bounced: readonly State[] = ["hard", "soft"];

/** What goes into an e-mail of HubSpot: what must be taken, and what may be left out where a portal does not take it. */
export type EmailProperties = { needed: Record<string, string>; wished: Record<string, string> };

/**
 * A bounce as HubSpot's e-mail engagement. The message was sent whatever became of it, so what is no bounce (any more) stays SENT:
 * pending, because its server still tries; delivered; and retracted, which is put back rather than archived, because the message
 * is no less real for the mistake, and HubSpot has no call that brings an archived e-mail back when a later notice says hard.
 * The bounce's details are in properties of ours too: HubSpot's own may be read-only, and stay empty while it is pending.
 * https://developers.hubspot.com/docs/api-reference/crm-emails-v3/guide, "Properties", "Set email headers"
 */
export const emailProperties = (engagement: CrmEngagement): EmailProperties => {
  const isBounced = bounced.includes(engagement.state);
  const message = engagement.message.slice(0, longest).toWellFormed();
  return {
    needed: {
      [idProperty]: engagement.id,
      bounceline_bounce_state: engagement.state,
      bounceline_bounce_detail: message,
      hs_timestamp: new Date(engagement.sentAt).toISOString(),
      hs_email_direction: "EMAIL",
      hs_email_status: isBounced ? "BOUNCED" : "SENT",
      hs_email_subject: engagement.subject ?? "",
      hs_email_headers: JSON.stringify(headersOf(engagement)),
    },
    wished: {
      hs_email_bounce_error_detail_message: isBounced ? message : "",
      hs_email_bounce_error_detail_status_code: isBounced && engagement.smtpCode !== null ? String(engagement.smtpCode) : "",
    },
  };
};

const headersOf = ({ from, to }: CrmEngagement) => {
  const named = (role: CrmEngagement["to"]["role"]) => (to.role === role ? [{ email: to.address }] : []);
  return { from: { email: from ?? "" }, to: named("to"), cc: named("cc"), bcc: named("bcc") };
};
