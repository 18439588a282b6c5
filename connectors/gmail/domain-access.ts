import { gaxios, JWT } from "google-auth-library";
import { ConnectorError, type Tools } from "../../src/ports/connector.ts";
import { grantOf } from "../shared/google/google-error.ts";
import { type Access, type TokenSource, transporterOptions, withAccess } from "../shared/google/tokens.ts";
import { scope } from "./authorize.ts";
import { type DomainApp, readDomainApp } from "./settings.ts";

/** Access tokens by domain-wide delegation: the service account signs that it acts for `address` (RFC 7523, 2.1). */
const domainTokens = ({ serviceAccount, gateway }: DomainApp, address: string): TokenSource => ({
  async renew() {
    const { client_email: email, private_key: key } = serviceAccount;
    const client = new JWT({ email, key, scopes: [scope], subject: address, transporterOptions: transporterOptions(gateway) });
    const tokens = await client.authorize().catch((error: unknown) => {
      throw delegationRefused(error, address);
    });
    return withAccess({}, tokens);
  },
});

/** Here `invalid_grant` is about the organisation and its key, and what is no answer of Google's about a key that signs nothing. */
const delegationRefused = (error: unknown, address: string): unknown => {
  if (!(error instanceof gaxios.GaxiosError)) {
    return new ConnectorError(
      "rejected",
      "The service account's private key cannot be used. The operator has to copy it from its key file again.",
    );
  }
  if (grantOf(error) !== "invalid_grant") return error;
  return new ConnectorError("auth", `Google does not know ${address} in this organisation, or the service account's key was deleted.`);
};

/** Access to the mailbox `address` of an organisation that lets the operator's service account in. */
export const domainAccess = (tools: Tools, address: string): Access => {
  const app = readDomainApp(tools.app);
  return { source: domainTokens(app, address), gateway: app.gateway };
};
