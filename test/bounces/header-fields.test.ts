import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { bytesOf } from "./notices.ts";

const fields = (text: string, lineEnd?: string): Record<string, readonly string[]> =>
  Object.fromEntries(parseHeaderFields(bytesOf(text, lineEnd)));

describe("header fields", () => {
  it("are unfolded and keep the order of repeated names", () => {
    expect(fields("Received: one\nSubject: a\n  b\n\tc\nReceived: two\n\nbody: no field\n")).toEqual({
      received: ["one", "two"],
      subject: ["a b c"],
    });
  });

  it("may hold their whole value on the continuation line", () => {
    expect(fields("Message-ID:\n <a@b.example>\n\n")).toEqual({ "message-id": ["<a@b.example>"] });
  });

  it("are the same with CRLF, LF, CR and CR CR LF line ends", () => {
    const text = "From: a@b.example\nSubject: x\n y\n\nbody";
    const expected = fields(text, "\n");
    for (const lineEnd of ["\r\n", "\r", "\r\r\n"]) expect(fields(text, lineEnd)).toEqual(expected);
  });

  it("may be called __proto__ or constructor", () => {
    const parsed = parseHeaderFields(bytesOf("__proto__: a\nconstructor: b\n\n"));
    expect(parsed.get("__proto__")).toEqual(["a"]);
    expect(parsed.get("constructor")).toEqual(["b"]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it("end at a line that is no field when the blank line is missing", () => {
    expect(fields("Subject: x\nThis is the body\nStatus: 5.1.1\n")).toEqual({ subject: ["x"] });
  });

  it("stand below an mbox line and below blank lines", () => {
    expect(fields("From MAILER-DAEMON Wed Nov 25 15:50:49 2026\nSubject: x\n\n")).toEqual({ subject: ["x"] });
    expect(fields("   \n\nSubject: x\n\n")).toEqual({ subject: ["x"] });
  });

  it("hold raw 8-bit bytes as UTF-8 where they are valid, else as Windows-1252", () => {
    expect(parseHeaderFields(new Uint8Array(Buffer.from("Subject: Größe\n\n", "utf8"))).get("subject")).toEqual(["Größe"]);
    expect(parseHeaderFields(new Uint8Array(Buffer.from("Subject: Größe\n\n", "latin1"))).get("subject")).toEqual(["Größe"]);
  });

  it("read any bytes without throwing, and find every well-formed field again", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => parseHeaderFields(bytes).size >= 0));
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/);
    const value = fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])?$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 20 }), (pairs) => {
        const parsed = parseHeaderFields(bytesOf(`${pairs.map(([one, two]) => `${one}: ${two}`).join("\n")}\n\nbody`));
        for (const [one, two] of pairs) expect(parsed.get(one.toLowerCase())).toContain(two);
      }),
    );
  });
});
