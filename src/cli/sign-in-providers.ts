import type { Authorize, Json } from "../ports/connector.ts";
import type { SignInProvider } from "../web/inboxes/go-to-provider.ts";
import type { House } from "./house.ts";

/** Providers people sign in to at the provider's own page, and whether the operator has set them up; second ways only if so. */
export const signInProviders = async (house: Pick<House, "config" | "providers" | "loadConnector">): Promise<SignInProvider[]> => {
  const found = await Promise.all(house.providers.map(async (name) => ({ name, connector: await house.loadConnector(name) })));
  return found.flatMap(({ name, connector }) => {
    if (!connector?.authorize) return [];
    const app = usableApp(connector.authorize, house.config.apps[name]);
    if (connector.describe.secondWay && app === null) return [];
    const page = app && connector.authorize.url(app, nowhere);
    return [{ name, label: connector.describe.label, ready: app !== null, origin: page ? new URL(page).origin : null }];
  });
};

/** Google's client makes no address without a challenge. */
const nowhere = { state: "state", codeChallenge: "challenge", redirectUri: "http://localhost/", loginHint: null };

/** What the operator set up, if all of it is there. */
const usableApp = ({ app }: Authorize, given: unknown): Json => {
  const checked = app.safeParse(given);
  return checked.success ? (checked.data as Json) : null;
};
