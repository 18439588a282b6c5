import type { FakeMicrosoft } from "./start-fake-microsoft.ts";

/** What msal-node stores after a sign-in (its unified cache schema), without an access token: the first renewal finds the rest. */
export const storedCache = (fake: FakeMicrosoft, username: string, refreshToken: string): string => {
  const environment = new URL(fake.url).host;
  const [uid, utid] = ["anna", fake.signIn.tenant];
  const account = {
    home_account_id: `${uid}.${utid}`,
    environment,
    realm: utid,
    local_account_id: uid,
    username,
    authority_type: "MSSTS",
    client_info: Buffer.from(JSON.stringify({ uid, utid })).toString("base64url"),
  };
  const token = {
    home_account_id: account.home_account_id,
    environment,
    credential_type: "RefreshToken",
    client_id: fake.signIn.app.clientId,
    secret: refreshToken,
  };
  return JSON.stringify({
    Account: { [`${account.home_account_id}-${environment}-${utid}`]: account },
    IdToken: {},
    AccessToken: {},
    RefreshToken: { [`${account.home_account_id}-${environment}-refreshtoken-${token.client_id}----`]: token },
    AppMetadata: {},
  });
};
