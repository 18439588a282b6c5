import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp } from "node:net";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDial } from "../../connectors/shared/dial.ts";
import type { Answer } from "../../src/deliver/answer.ts";
import { resolveUrl, type WayOut } from "../../src/deliver/endpoint-url.ts";
import { openPost } from "../../src/deliver/post-event.ts";
import { testCertificate } from "../fakes/test-certificate.ts";
import { afterThis } from "../store/engines.ts";
import { startReceiver } from "./receiver.ts";

const toThisMachine: WayOut = { dial: createDial({ allow: ["127.0.0.1", "localhost"] }), plainHttp: () => true };
const closed: WayOut = {
  dial: createDial({
    allow: [],
    lookup: async (host) => {
      if (host === "inside.example") return ["127.0.0.1"];
      if (host === "mixed.example") return ["10.0.0.1", "203.0.112.5"];
      if (host === "mapped.example") return ["::ffff:10.0.0.1"];
      throw new Error("no such host");
    },
  }),
  plainHttp: () => false,
};

const postTo = async (url: string, options: { way?: WayOut; timeoutMs?: number; signal?: AbortSignal } = {}): Promise<Answer> => {
  const { way = toThisMachine, timeoutMs = 500, signal = new AbortController().signal } = options;
  const { post, close } = openPost(url, { way, timeoutMs, signal });
  return post('{"sequence":1}', { "webhook-id": "evt_1" }).finally(close);
};

describe("where events may be sent", () => {
  const inside = "lies inside a private network";
  it.each([
    ["https://inside.example/", inside],
    ["https://mapped.example/", inside],
    ["https://127.0.0.1/", inside],
    ["https://127.1/", inside],
    ["https://2130706433/", inside],
    ["https://0x7f.0.0.1/", inside],
    ["https://[::1]/", inside],
    ["https://[::ffff:127.0.0.1]/", inside],
    ["https://[::ffff:7f00:1]/", inside],
    ["https://[64:ff9b::7f00:1]/", inside],
    ["https://[fe80::1]/", inside],
    ["https://169.254.169.254/latest/meta-data/", inside],
    ["https://192.168.0.10:8443/", inside],
    ["https://0.0.0.0/", inside],
    ["https://１２７.0.0.1/", inside],
    ["https://nowhere.example/", "No server of this name"],
    ["http://mixed.example/", "begins with https://"],
    ["ftp://mixed.example/", "begins with https://"],
    ["file:///etc/passwd", "begins with https://"],
    ["https://user:secret@mixed.example/", "no user name and no password"],
    ["https://user@127.0.0.1/", "no user name and no password"],
    ["https://", "no web address"],
    ["hooks", "no web address"],
  ])("%s is refused", async (url, because) => {
    const error = await resolveUrl(url, closed).catch((problem) => problem);
    expect(error).toMatchObject({ name: "RefusedUrl", message: expect.stringContaining(because) });
    expect(error.message).not.toMatch(/secret|\d+\.\d+\.\d+|::/);
    expect(await postTo(url, { way: closed })).toMatchObject({ kind: "refused", status: null, because: error.message });
  });

  it("the connection is made to the address that was checked, whatever the name leads to a moment later", async () => {
    expect((await resolveUrl("https://mixed.example/", closed)).target).toEqual({
      address: "203.0.112.5",
      port: 443,
      servername: "mixed.example",
    });
    const receiver = await startReceiver();
    let asked = 0;
    const dial: WayOut["dial"] = async (_host, port) => {
      asked += 1;
      return { address: "127.0.0.1", port, servername: "rebinds.example" };
    };
    // The system's own lookup knows no such name: were it asked again, there would be no connection.
    const answer = await postTo(`http://rebinds.example:${receiver.port}/hook`, { way: { dial, plainHttp: () => true } });
    expect(answer).toEqual({ kind: "accepted", status: 200 });
    expect(receiver.received[0]?.headers.host).toBe(`rebinds.example:${receiver.port}`);
    expect(asked).toBe(1);
  });

  it("a redirect is a refusal: nothing is sent on, not even to an address that would be allowed", async () => {
    const [first, second] = [await startReceiver(), await startReceiver()];
    for (const status of [301, 302, 307, 308]) {
      first.answers((_, response) => void response.writeHead(status, { location: second.url }).end());
      expect(await postTo(first.url)).toMatchObject({ kind: "refused", because: `answered ${status}; redirects are not followed` });
    }
    expect(second.received).toEqual([]);
  });
});

describe("what a receiver can do", () => {
  it("only 2xx is success, with a bounded part of its words, cleaned", async () => {
    const receiver = await startReceiver();
    for (const status of [200, 201, 202, 204, 299]) {
      receiver.answers(status);
      expect(await postTo(receiver.url)).toEqual({ kind: "accepted", status });
    }
    receiver.answers((one, response) => {
      response.writeHead(500).end(`\u0000\u001b[31mtoken=hush ${one.headers["webhook-signature"]} ${"x".repeat(100_000)}`);
    });
    const { post, close } = openPost(`${receiver.url}?token=hush`, {
      way: toThisMachine,
      timeoutMs: 500,
      signal: new AbortController().signal,
    });
    const answer = await post("{}", { "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=" }).finally(close);
    if (answer.kind !== "refused") throw new Error("accepted");
    expect(answer.excerpt.length).toBeLessThanOrEqual(300);
    expect(answer.excerpt).not.toMatch(/hush|K5oZ|\p{Cc}/u);
  });

  it("one that hangs is given up in time, wherever it hangs", async () => {
    const silent = createTcp(() => {});
    const half = createTcp((socket) => socket.write("HTTP/1.1 200 OK\r\nx-half:"));
    const ports: number[] = [];
    for (const server of [silent, half]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      afterThis(() => void server.close());
      ports.push((server.address() as AddressInfo).port);
    }
    for (const port of ports) {
      const begun = performance.now();
      expect(await postTo(`http://127.0.0.1:${port}/`, { timeoutMs: 200 })).toMatchObject({ because: "no answer within 0.2 seconds" });
      expect(performance.now() - begun).toBeLessThan(1_000);
    }
    const never: WayOut = { dial: () => new Promise(() => {}), plainHttp: () => true };
    expect(await postTo("http://slow.example/", { way: never, timeoutMs: 100 })).toMatchObject({ because: "no answer within 0.1 seconds" });
  });

  it("an answer that never ends has answered; an endless one is not read", async () => {
    const receiver = await startReceiver();
    receiver.answers((_, response) => void response.writeHead(200).write("so"));
    expect(await postTo(receiver.url, { timeoutMs: 5_000 })).toEqual({ kind: "accepted", status: 200 });
    let written = 0;
    receiver.answers((_, response) => {
      response.writeHead(500);
      const pour = (): void => {
        written += 65_536;
        if (written < 500_000_000 && !response.destroyed) response.write(Buffer.alloc(65_536, "y"), pour);
      };
      pour();
    });
    expect(await postTo(receiver.url)).toMatchObject({ kind: "refused", status: 500 });
    expect(written).toBeLessThan(20_000_000);
  });

  it("what is no HTTP, a closed port and a connection cut off are refusals in plain words", async () => {
    const talk = createTcp((socket) => socket.end("220 mail.example ESMTP\r\n"));
    const cut = createTcp((socket) => socket.once("data", () => socket.destroy()));
    for (const server of [talk, cut]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      afterThis(() => void server.close());
    }
    const url = (server: typeof talk) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await postTo(url(talk))).toMatchObject({ because: expect.stringMatching(/^no connection: HPE_/) });
    expect(await postTo(url(cut))).toMatchObject({ because: "the connection was closed before an answer came" });
    const receiver = await startReceiver();
    await receiver.stop();
    expect(await postTo(receiver.url)).toMatchObject({ because: "the connection was refused" });
  });

  it("a kept connection that the receiver closed meanwhile is no refusal", async () => {
    const receiver = await startReceiver();
    // The second request comes on the first one's connection, and finds it closed.
    let onFirst = 0;
    receiver.answers((one, response) => {
      onFirst += 1;
      if (onFirst === 2) response.socket?.destroy();
      else response.writeHead(200).end(String(one.body));
    });
    const { post, close } = openPost(receiver.url, { way: toThisMachine, timeoutMs: 1_000, signal: new AbortController().signal });
    expect(await post("{}", {})).toMatchObject({ kind: "accepted" });
    expect(await post("{}", {})).toMatchObject({ kind: "accepted" });
    close();
    expect(receiver.connections()).toBe(2);
    expect(receiver.received).toHaveLength(3);
  });

  it("stopping ends a request, and is not the receiver's fault", async () => {
    const receiver = await startReceiver();
    receiver.answers(() => {});
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 50);
    expect(await postTo(receiver.url, { timeoutMs: 10_000, signal: stopping.signal })).toEqual({ kind: "stopped" });
  });
});

describe("https", () => {
  const { key, cert, ca } = testCertificate();
  const server = createHttps({ key, cert }, (_, response) => void response.end("ok"));
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("a certificate of an unknown authority, or for another name, is refused; the right one is accepted by name and by address", async () => {
    expect(await postTo(`https://localhost:${port}/`, { timeoutMs: 2_000 })).toMatchObject({
      because: "no secure connection: UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
    const known = tls.getCACertificates("default");
    tls.setDefaultCACertificates([...known, ca]);
    afterThis(() => tls.setDefaultCACertificates(known));
    expect(await postTo(`https://localhost:${port}/`, { timeoutMs: 2_000 })).toEqual({ kind: "accepted", status: 200 });
    expect(await postTo(`https://127.0.0.1:${port}/`, { timeoutMs: 2_000 })).toEqual({ kind: "accepted", status: 200 });
    const other: WayOut = {
      dial: async (_host, wanted) => ({ address: "127.0.0.1", port: wanted, servername: "other.example" }),
      plainHttp: () => false,
    };
    expect(await postTo(`https://other.example:${port}/`, { way: other, timeoutMs: 2_000 })).toMatchObject({
      because: "no secure connection: ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });
});
