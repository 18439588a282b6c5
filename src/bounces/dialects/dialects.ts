/** The one order in which dialects are asked: those with the surest signs first. */
import { courier } from "./courier.ts";
import type { Dialect } from "./dialect.ts";
import { dma } from "./dma.ts";
import { exchange } from "./exchange.ts";
import { exim } from "./exim.ts";
import { failedRecipients } from "./failed-recipients.ts";
import { fml } from "./fml.ts";
import { generic } from "./generic.ts";
import { gmail, googleGroups } from "./gmail.ts";
import { interscan } from "./interscan.ts";
import { messagingServer } from "./messaging-server.ts";
import { mimecast } from "./mimecast.ts";
import { opensmtpd } from "./opensmtpd.ts";
import { qmail } from "./qmail.ts";
import { sendmail } from "./sendmail.ts";
import { smtpRelays } from "./smtp-relays.ts";
import { yahoo } from "./yahoo.ts";
import { zoho } from "./zoho.ts";

export const dialects: readonly Dialect[] = [
  zoho,
  fml,
  qmail,
  yahoo,
  opensmtpd,
  dma,
  sendmail,
  courier,
  messagingServer,
  mimecast,
  gmail,
  googleGroups,
  exim,
  exchange,
  interscan,
  smtpRelays,
  failedRecipients,
  generic,
];
