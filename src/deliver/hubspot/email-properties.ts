import type { CrmEngagement } from "../../ports/crm.ts";
import type { State } from "../../timeline/fold.ts";

/** The property of an e-mail in HubSpot that holds our engagement's id; unique there. */
export const idProperty = "bounceline_engagement_id";

/** HubSpot cuts nothing: a longer value is refused. The server's words are longer only by mischief. */
const longest = 2_000;

const bounced: readonly State[] = ["hard", "soft"];

/**
 * A bounce as HubSpot's e-mail engagement. The message was sent whatever became of it, so what is no bounce (any more) stays SENT:
 * pending, because its server still tries; delivered; and retracted, which is put back rather than archived, because the message
 * is no less real for the mistake, and HubSpot has no call that brings an archived e-mail back when a later notice says hard.
 * https://developers.hubspot.com/docs/api-reference/crm-emails-v3/guide, "Properties", "Set email headers"
 */
export const emailProperties = (engagement: CrmEngagement): Record<string, string> => {
  const isBounced = bounced.includes(engagement.state);
  return {
    [idProperty]: engagement.id,
    hs_timestamp: new Date(engagement.sentAt).toISOString(),
    hs_email_direction: "EMAIL",
    hs_email_status: isBounced ? "BOUNCED" : "SENT",
    hs_email_subject: engagement.subject ?? "",
    hs_email_headers: JSON.stringify(headersOf(engagement)),
    hs_email_bounce_error_detail_message: isBounced ? engagement.message.slice(0, longest).toWellFormed() : "",
    hs_email_bounce_error_detail_status_code: isBounced && engagement.smtpCode !== null ? String(engagement.smtpCode) : "",
  };
};

const headersOf = ({ from, to }: CrmEngagement) => {
  const named = (role: CrmEngagement["to"]["role"]) => (to.role === role ? [{ email: to.address }] : []);
  return { from: { email: from ?? "" }, to: named("to"), cc: named("cc"), bcc: named("bcc") };
};
