/** Signs, in header fields alone, that a mail system and not a person wrote a message. Triage and recognition share them. */
import type { HeaderFields } from "./envelope.ts";
import { firstValue } from "./envelope.ts";
import { decodeWords } from "./part-text.ts";
import { readMailboxes } from "./read-addresses.ts";

/** A sign by code; `machineSignWords` says it in words. */
export type MachineSign =
  | "report_type"
  | "null_return_path"
  | "machine_return_path"
  | "machine_from"
  | "failed_recipients"
  | "ndr_field"
  | "null_mailfrom";

export const machineSignWords: Record<MachineSign, string> = {
  report_type: "Its Content-Type announces a delivery report.",
  null_return_path: "Its return path is empty, as RFC 5321 asks of notices.",
  machine_return_path: "Its return path is a mail system's address.",
  machine_from: "Its From names a mail system, not a person.",
  failed_recipients: "It has an X-Failed-Recipients field.",
  ndr_field: "It has a field that only mail systems' notices carry.",
  null_mailfrom: "The receiving server saw an empty envelope sender.",
};

/** The field each sign stands in. */
export const machineSignFields: Record<MachineSign, string> = {
  report_type: "content-type",
  null_return_path: "return-path",
  machine_return_path: "return-path",
  machine_from: "from",
  failed_recipients: "x-failed-recipients",
  ndr_field: "",
  null_mailfrom: "",
};

/** Local parts and display names of mail systems. */
const machineLocal =
  /^(?:mailer[-_.]?daemon|post[-_.]?master|mail[-_.]?daemon|microsoftexchange[0-9a-f]{8,}|mail\.?delivery\.?(?:sub)?system|mail[-_.]?system|mdaemon|autoreply-delivery|complaints-bounce|bounce-?(?:daemon|notification))$/i;
const machineName =
  /mail(?:er)?[-_ ]?daemon|^post[-_ ]?master\b|mail delivery|delivery (?:sub)?system|^system administrator$|^mail administrator$|interscan|^mail system$|microsoft outlook$|administrator.*(?:mail|exchange)|systemadministrator|internet mail delivery|mail gateway|undeliver/i;

const isMachineAddress = (address: string): boolean => machineLocal.test(address.split("@", 1)[0] ?? "");

/** True when a From value names a mail system: by local part, by display name, or by an empty "<>". */
export const isMachineFrom = (from: string): boolean => {
  const mailboxes = readMailboxes(decodeWords(from)).slice(0, 3);
  return mailboxes.some(({ name, address }) => {
    if (isMachineAddress(address)) return true;
    // "Microsoft Outlook" and "postmaster" are names people can have too: only with a machine's address beside them.
    return /<\s*>/.test(from) || (machineName.test(name) && !/microsoft outlook$/i.test(name));
  });
};

const ndrFields = ["x-ms-exchange-message-is-ndr", "x-dsncontext", "x-mc-system", "x-mimecast-originator"];

const returnPathSign = (value: string | null): MachineSign | null => {
  if (value === null) return null;
  const address = (value.slice(value.lastIndexOf("<") + 1).split(">", 1)[0] ?? "").trim();
  if (address === "") return "null_return_path";
  return isMachineAddress(address) ? "machine_return_path" : null;
};

/** smtp.mailfrom without a value (RFC 8601), or SPF's "envelope-from=<>" (RFC 7208, section 9.1). */
const nullMailfrom = (fields: HeaderFields): boolean =>
  /smtp\.mail(?:from)?=(?:<>|"")?(?:[\s;]|$)/i.test((fields.get("authentication-results")?.[0] ?? "").slice(0, 4000)) ||
  /envelope-from=(?:<>|"")(?:[\s;]|$)/i.test((fields.get("received-spf")?.[0] ?? "").slice(0, 4000));

/** Every sign the fields show, strongest first. */
export const machineSigns = (fields: HeaderFields): MachineSign[] => {
  const signs: MachineSign[] = [];
  const type = firstValue(fields, "content-type") ?? "";
  if (/^\s*(?:multipart\/report|message\/(?:global-)?delivery-status)|report-type=["']?(?:global-)?delivery-status/i.test(type))
    signs.push("report_type");
  const returnPath = returnPathSign(firstValue(fields, "return-path"));
  if (returnPath) signs.push(returnPath);
  if (isMachineFrom(firstValue(fields, "from") ?? "") || isMachineFrom(firstValue(fields, "sender") ?? "")) signs.push("machine_from");
  if (fields.has("x-failed-recipients")) signs.push("failed_recipients");
  if (ndrFields.some((name) => fields.has(name))) signs.push("ndr_field");
  if (nullMailfrom(fields)) signs.push("null_mailfrom");
  return signs;
};
