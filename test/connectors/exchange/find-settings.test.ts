import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { findSettings, type Network, openNetwork } from "../../../connectors/exchange/find-settings.ts";
import { createDial } from "../../../connectors/shared/dial.ts";
import { testTools } from "../test-tools.ts";

type Place = { status?: number; location?: string };
const asks = { status: 401 };

/** A network in which there is only what is given; it notes what it was asked. */
const network = (places: { [url: string]: Place }, srv: string[] = []): Network & { asked: string[] } => {
  const asked: string[] = [];
  return {
    asked,
    get: async ({ href }) => {
      asked.push(href);
      const place = places[href];
      return place ? { status: place.status ?? 302, location: place.location ?? null, asksToSignIn: place.status === 401 } : null;
    },
    services: async (name) => {
      asked.push(name);
      return srv;
    },
  };
};
const find = (places: { [url: string]: Place }, srv?: string[]) => findSettings("anna@sales.example", network(places, srv));
const found = (host: string, from: "domain" | "dns") => ({
  kind: "settings",
  from,
  settings: { server: `https://${host}/EWS/Exchange.asmx`, username: "anna@sales.example" },
});
const ews = (host: string) => ({ [`https://${host}/EWS/Exchange.asmx`]: asks });
const autodiscover = (host: string, scheme = "https") => `${scheme}://${host}/autodiscover/autodiscover.xml`;

test("the domain itself, then its autodiscover host", async () => {
  expect(await find({ [autodiscover("sales.example")]: asks, ...ews("sales.example") })).toEqual(found("sales.example", "domain"));
  expect(await find({ [autodiscover("autodiscover.sales.example")]: asks, ...ews("autodiscover.sales.example") })).toEqual(
    found("autodiscover.sales.example", "domain"),
  );
});

test("the redirect over http leads to https, and only there", async () => {
  const start = autodiscover("autodiscover.sales.example", "http");
  const there = { [autodiscover("mail.sales.example")]: asks, ...ews("mail.sales.example") };
  expect(await find({ [start]: { location: autodiscover("mail.sales.example") }, ...there })).toEqual(
    found("mail.sales.example", "domain"),
  );
  const clear = { [autodiscover("mail.sales.example", "http")]: asks, ...ews("mail.sales.example") };
  expect(await find({ [start]: { location: autodiscover("mail.sales.example", "http") }, ...clear })).toEqual({ kind: "nothing" });
  expect(await find({ [start]: asks, ...ews("autodiscover.sales.example") })).toEqual({ kind: "nothing" });
});

test("the SRV record comes last", async () => {
  const places = { [autodiscover("ex.hoster.example")]: asks, ...ews("ex.hoster.example") };
  expect(await find(places, ["ex.hoster.example"])).toEqual(found("ex.hoster.example", "dns"));
});

test("a host that has no Exchange Web Services, or sends us round in circles, is passed over", async () => {
  expect(await find({ [autodiscover("sales.example")]: asks })).toEqual({ kind: "nothing" });
  const circle = autodiscover("sales.example");
  const asked = network({ [circle]: { location: circle } });
  expect(await findSettings("anna@sales.example", asked)).toEqual({ kind: "nothing" });
  expect(asked.asked.length).toBeLessThan(10);
});

test("what leads to Microsoft 365 is signed in to there", async () => {
  const location = "https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml";
  expect(await find({ [autodiscover("autodiscover.sales.example", "http")]: { location } })).toEqual({
    kind: "sign_in",
    providers: ["office365"],
  });
});

test("no address, no question", async () => {
  const silent = network({});
  expect(await findSettings("anna", silent)).toEqual({ kind: "nothing" });
  expect(silent.asked).toEqual([]);
});

test("on the real network nothing is asked inside the guarded ranges, and nobody is told who we are", async () => {
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization ?? null);
    response.writeHead(302, { location: "https://mail.sales.example/autodiscover/autodiscover.xml" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://localhost:${(server.address() as AddressInfo).port}/autodiscover/autodiscover.xml`);
  try {
    expect(await openNetwork(testTools({ dial: createDial({ allow: [] }) })).get(url)).toBeNull();
    expect(seen).toEqual([]);
    expect(await openNetwork(testTools()).get(url)).toMatchObject({ status: 302, asksToSignIn: false });
    expect(seen).toEqual([null]);
  } finally {
    server.close();
  }
});
