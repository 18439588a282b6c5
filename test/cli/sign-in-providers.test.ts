import { expect, it } from "vitest";
import { loadConnector, registry } from "../../connectors/registry.ts";
import { loadConfig } from "../../src/cli/config.ts";
import { signInProviders } from "../../src/cli/sign-in-providers.ts";

const found = (environment: Record<string, string>) =>
  signInProviders({ config: loadConfig(environment, "/nowhere"), providers: Object.keys(registry), loadConnector });

it("who can be signed in to is told with where its page lies, once the operator has set it up", async () => {
  const app = (name: string) => ({ [`BOUNCELINE_${name}_CLIENT_ID`]: "id", [`BOUNCELINE_${name}_CLIENT_SECRET`]: "secret" });
  expect(await found({})).toEqual([
    { name: "gmail", label: "Gmail", ready: false, origin: null },
    { name: "office365", label: "Microsoft 365", ready: false, origin: null },
  ]);
  expect(await found({ ...app("GOOGLE"), ...app("MICROSOFT") })).toEqual([
    { name: "gmail", label: "Gmail", ready: true, origin: "https://accounts.google.com" },
    { name: "office365", label: "Microsoft 365", ready: true, origin: "https://login.microsoftonline.com" },
  ]);
});

it("a second way to a provider is told only where it is set up", async () => {
  const apps = { "gmail-imap": { clientId: "id", clientSecret: "secret" } };
  const config = { ...loadConfig({}, "/nowhere"), apps };
  const told = await signInProviders({ config, providers: Object.keys(registry), loadConnector });
  expect(told.map(({ name, ready }) => [name, ready])).toEqual([
    ["gmail", false],
    ["gmail-imap", true],
    ["office365", false],
  ]);
});
