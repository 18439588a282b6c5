/**
 * fml, a mailing list server that refuses a post. Its notices come from the list's administrator address.
 *
 *   X-MLServer: fml [fml 4.0.3 release]
 *
 *   You are not a member of this mailing list <team@lists.customer.example>.
 */
import { type Finding, finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import { cleanAddress } from "../read-addresses.ts";
import type { Dialect } from "./dialect.ts";

const refusal =
  /^(?:You are not a member of this mailing list|Duplicated Message-ID in|Your mail has been rejected by|Loop (?:Alert|Back) .{0,60}) ?<([^<>\s]+)>/m;

const read = ({ prose }: Notice): Finding[] => {
  const address = cleanAddress(refusal.exec(prose)?.[1] ?? "");
  return address ? [finding(address, prose)] : [];
};

export const fml: Dialect = {
  name: "fml",
  opening: refusal,
  also: { holds: ({ fields }) => fields.has("x-mlserver"), because: "Its header names the mailing list server that wrote it." },
  read,
};
