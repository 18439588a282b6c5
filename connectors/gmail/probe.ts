import type { ProbeAnswer } from "../../src/ports/connector.ts";
import type { GmailApi } from "./api.ts";

/** Checks what the connector takes for granted of Gmail, on the real mailbox and without changing it. */
export const probeGmail = async (api: GmailApi): Promise<readonly ProbeAnswer[]> => {
  const { address } = await api.profile();
  return [{ assumption: "The mailbox can be read", holds: true, detail: address }];
};
