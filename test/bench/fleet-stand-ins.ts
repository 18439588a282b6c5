/**
 * The stand-ins of `npm run bench:fleet`, in a process of their own so that what they cost is not counted as the workers': MAILBOXES, half of
 * them at Google's and half at Microsoft's, and in each a message and its notice every FLEET_EVERY_SECONDS.
 */

import { letterOf, startGmail, startOffice365 } from "../chaos/soak-providers.ts";
import { trustedCertificate } from "../fakes/trusted-certificate.ts";
import { inTurn } from "./fleet-mail.ts";

const mailboxes = Number(process.env.MAILBOXES);
const atGoogle = Math.ceil(mailboxes / 2);
const providers = [await startGmail(atGoogle), await startOffice365(mailboxes - atGoogle)];
for (const provider of providers) provider.behave();

inTurn(
  providers.flatMap(({ boxes }) => boxes),
  (box, n) => {
    const { message, notice } = letterOf(n, box.address);
    box.put("sent", message);
    box.put("inbox", notice);
  },
);

process.on("message", () => process.send?.({ cpu: process.cpuUsage(), tallies: providers.map(({ tally }) => tally()) }));
process.send?.({
  ca: trustedCertificate().ca,
  providers: providers.map(({ name, app, settings, boxes }) => ({
    name,
    app,
    settings,
    boxes: boxes.map(({ address, secrets }) => ({ address, secrets })),
  })),
});
