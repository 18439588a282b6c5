import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { md4 } from "../../../connectors/exchange/md4.ts";
import { accountOf, passwordKey, prove, readChallenge } from "../../../connectors/exchange/ntlm.ts";
import { createNtlmServer } from "../../fakes/exchange/ntlm-server.ts";
import { failureOf, idsOf, letter, named } from "../letters.ts";
import { type Exchange, openExchange, pullAll } from "./open-exchange.ts";

const run = promisify(execFile);
const curlSpeaksNtlm = await run("curl", ["--version"]).then(
  ({ stdout }) => /\bNTLM\b/.test(stdout),
  () => false,
);

const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/\s/g, ""), "hex");

describe("MD4", () => {
  // RFC 1320, A.5.
  test.each([
    ["", "31d6cfe0d16ae931b73c59d7e0c089c0"],
    ["a", "bde52cb31de33e46245e05fbdbd6fb24"],
    ["abc", "a448017aaf21d8525fc10ae87aa6729d"],
    ["message digest", "d9130a8164549fe818874806e1c7014b"],
    ["abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"],
    ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"],
    ["1234567890".repeat(8), "e33b4ddc9c38f2199c3e7b164fcc0536"],
  ])("of %j is as RFC 1320 says", (text, digest) => {
    expect(md4(Buffer.from(text)).toString("hex")).toBe(digest);
  });
});

describe("NTLMv2 as MS-NLMP 4.2.4 works it out", () => {
  const account = { user: "User", domain: "Domain", password: "Password" };
  const pairs = bytes("02000c00 44006f006d00610069006e00 01000c00 530065007200760065007200 00000000");

  test("the key a password is turned into", () => {
    expect(passwordKey(account).toString("hex")).toBe("0c868a403bfd7a93a3001ef22ef02e3f");
  });

  test("the proof and the session's key", () => {
    const proof = { time: Buffer.alloc(8), nonce: Buffer.alloc(8, 0xaa), pairs };
    const { answer, sessionKey } = prove(passwordKey(account), bytes("0123456789abcdef"), proof);
    expect(answer.subarray(0, 16).toString("hex")).toBe("68cd0ab851e51c96aabc927bebef6a1c");
    expect(sessionKey.toString("hex")).toBe("8de40ccadbc14a82f15cb0ad0de95ca3");
  });

  test("a user name with a domain, and one that is an address", () => {
    expect(accountOf("SALES\\anna", "x")).toEqual({ user: "anna", domain: "SALES", password: "x" });
    expect(accountOf("anna@sales.example", "x")).toEqual({ user: "anna@sales.example", domain: "", password: "x" });
  });

  test("what is no challenge, is cut off, or points outside itself is none", () => {
    const server = createNtlmServer({ account, boundTo: null });
    const negotiate = Buffer.concat([Buffer.from("NTLMSSP\0"), bytes("01000000 05820800"), Buffer.alloc(16)]);
    const challenge = server.challenge(negotiate);
    expect(readChallenge(challenge)).not.toBeNull();
    expect(readChallenge(challenge.subarray(0, 40))).toBeNull();
    expect(readChallenge(negotiate)).toBeNull();
    const hostile = Buffer.from(challenge);
    hostile.writeUInt32LE(0xffffffff, 44);
    expect(readChallenge(hostile)).toBeNull();
  });
});

describe("signing in by NTLM", () => {
  let stage: Exchange;
  beforeEach(async () => {
    stage = await openExchange();
    stage.fake.schemes = ["Negotiate", "NTLM"];
    await stage.put("inbox", letter(1));
  });
  afterEach(() => stage.close());

  test("signs a connection in once, and the password never goes out", async () => {
    expect(idsOf(await pullAll(stage))).toEqual(named(1));
    expect(stage.fake.connections).toBe(1);
    expect(stage.fake.requests - stage.fake.seen.length, "one refused, one challenged").toBe(2);
    expect(stage.fake.seen.filter(({ authorization }) => authorization !== "")).toHaveLength(1);
  });

  test("is bound to the connection, where the server asks for that", async () => {
    stage.fake.extendedProtection = true;
    expect(idsOf(await pullAll(stage))).toEqual(named(1));
  });

  test("works with a server that tells no time", async () => {
    stage.fake.tellsTime = false;
    expect(idsOf(await pullAll(stage))).toEqual(named(1));
  });

  test("a connection the server dropped is made and signed in anew", async () => {
    let asked = 0;
    stage.fake.script = () => {
      asked += 1;
      if (asked === 4) setImmediate(() => stage.fake.dropConnections());
      return asked === 4 ? "hang" : null;
    };
    expect(idsOf(await pullAll(stage))).toEqual(named(1));
    expect(stage.fake.connections).toBe(2);
  });

  test("a wrong password is told as such, after one try", async () => {
    stage.fake.account.password = "another";
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "auth" });
    expect(stage.fake.requests).toBe(3);
  });

  test("a server that offers neither is refused with what to do", async () => {
    stage.fake.schemes = ["Negotiate"];
    expect(await failureOf(pullAll(stage))).toMatchObject({
      kind: "rejected",
      message: expect.stringContaining("connect the mailbox by IMAP"),
    });
  });

  test.skipIf(!curlSpeaksNtlm)("curl, which is none of ours, signs in to the stand-in, and does not with a wrong password", async () => {
    const { fake } = stage;
    const ask = async (password: string): Promise<string> =>
      (
        await run("curl", [
          "--silent",
          "--insecure",
          "--ntlm",
          "--user",
          `SALES\\anna:${password}`,
          "--write-out",
          "%{http_code}",
          "--output",
          "/dev/null",
          fake.url,
        ])
      ).stdout;
    fake.script = () => ({ raw: { status: 200, body: "in" } });
    expect(await ask(fake.account.password)).toBe("200");
    expect(await ask("another")).toBe("401");
  });
});
