/**
 * A worker of `npm run bench:fleet`: the whole daemon, with one provider more. Mailboxes of the provider `fleet` are computed from
 * the clock, so that several processes see the same mail without one that holds it: each gets a sent message and its notice
 * every FLEET_EVERY_SECONDS.
 */
import { z } from "zod";
import { envelopeFields } from "../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import type { Connector, Page } from "../../src/ports/connector.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";

const everyMs = Number(process.env.FLEET_EVERY_SECONDS) * 1000;
const began = Number(process.env.FLEET_BEGAN);

/** Message k of an inbox: an even one is sent, the odd one after it is its notice. */
const messageOf = (inbox: number, k: number): Buffer => {
  const n = inbox * 100_000 + Math.floor(k / 2);
  const at = new Date(began);
  return Buffer.from(k % 2 === 0 ? makeSent(n, at) : makeNotice(n, at));
};

const fleet: Connector = {
  describe: { label: "Fleet", limits: [], settings: z.object({ n: z.number() }), secrets: z.object({}) },
  signIn: async ({ address }) => ({ address, addresses: [address], folders: [], warnings: [] }),
  open: async ({ settings }) => {
    const { n } = settings as { n: number };
    return {
      async *pull(cursor) {
        const from = typeof cursor === "number" ? cursor : 0;
        // Inboxes get their mail at different times.
        const pairs = Math.max(0, Math.floor((Date.now() - began) / everyMs + (n % 997) / 997));
        const messages: Page["messages"] = Array.from({ length: 2 * pairs - from }, (_, i) => {
          const raw = messageOf(n, from + i);
          const all = parseHeaderFields(raw);
          const role = (from + i) % 2 === 0 ? ("sent" as const) : ("inbox" as const);
          return {
            ref: String(from + i),
            folder: role,
            role,
            headers: new Map(envelopeFields.flatMap((name) => (all.has(name) ? [[name, all.get(name) ?? []] as const] : []))),
            receivedAt: Date.now(),
            size: raw.length,
            threadId: null,
            hints: {},
          };
        });
        if (messages.length === 0) return;
        const rest = { backfill: false, gaps: [], warnings: [], progress: null };
        yield { folder: { path: "fleet", role: "inbox" }, messages, cursor: 2 * pairs, ...rest };
      },
      fetchRaw: async (ref) => messageOf(n, Number(ref)),
      close: async () => {},
    };
  },
  probe: async () => [],
};

const house = await openHouse(loadConfig(process.env, process.cwd()));
const { loadConnector } = house;
house.loadConnector = async (provider) => (provider === "fleet" ? fleet : loadConnector(provider));
await runDaemon(house);
process.on("message", () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage().rss }));
process.send?.("ready");
