import { join } from "node:path";
import { expect, test } from "vitest";
import { noOwnNetwork, runInOwnNetwork } from "./own-network.ts";

const because = noOwnNetwork();
const skipped = because === null ? "" : ` (SKIPPED: ${because})`;

test.skipIf(because !== null)(
  `the connector with no override at all, at Google's own names${skipped}`,
  () => {
    const hosts = ["gmail.googleapis.com", "oauth2.googleapis.com", "accounts.google.com", "pubsub.googleapis.com"];
    expect(runInOwnNetwork(hosts, join(import.meta.dirname, "real-hosts-client.ts"))).toEqual({
      address: "anna@sales.example",
      addresses: ["anna@sales.example"],
      ids: ["<sent@sales.example>", "<new@sales.example>"],
      exact: true,
      told: ["anna@sales.example"],
      backlog: 0,
      after: "auth",
      asked: [
        "accounts.google.com page",
        "oauth2.googleapis.com token",
        "gmail.googleapis.com gmail.users.getProfile",
        "gmail.googleapis.com gmail.users.settings.sendAs.list",
        "gmail.googleapis.com gmail.users.messages.list",
        "gmail.googleapis.com gmail.users.messages.get",
        "gmail.googleapis.com gmail.users.history.list",
        "gmail.googleapis.com gmail.users.watch",
        "pubsub.googleapis.com pubsub.pull",
        "pubsub.googleapis.com pubsub.acknowledge",
        "gmail.googleapis.com gmail.users.stop",
        "oauth2.googleapis.com revoke",
      ],
    });
  },
  60_000,
);
