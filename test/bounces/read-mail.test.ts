import { describe, expect, it } from "vitest";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { partText } from "../../src/bounces/part-text.ts";
import { defaultLimits, type Mail, readContentType, readMail, walkParts } from "../../src/bounces/read-mail.ts";
import { bytesOf, failedStatus, reportNotice, reportText } from "./notices.ts";

const read = (text: string | Uint8Array, limits = defaultLimits): Mail => {
  const mail = readMail(typeof text === "string" ? bytesOf(text) : text, limits);
  if ("unreadable" in mail) throw new Error(mail.unreadable);
  return mail;
};

const types = (mail: Mail): string[] => [...walkParts(mail.root)].map(({ type }) => type);

describe("a message's tree", () => {
  it("has the parts of nested multiparts, and never walks into a returned letter", () => {
    const inner =
      "Content-Type: multipart/alternative; boundary=i\n\n--i\nContent-Type: text/plain\n\na\n--i\nContent-Type: text/html\n\nb\n--i--\n";
    const letter = "Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nc\n--x--\n";
    const mail = read(`Content-Type: multipart/mixed; boundary="o"\n\n--o\n${inner}\n--o\n${letter}\n--o--\n`);
    expect(types(mail)).toEqual(["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "message/rfc822"]);
  });

  it("bears a missing final boundary, a similar boundary, and a boundary its header does not name", () => {
    expect(types(read("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo"))).toHaveLength(3);
    expect(types(read("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--bb\n\nstill one\n--b--"))).toHaveLength(2);
    expect(types(read("Content-Type: multipart/mixed; boundary=lost\n\n--b\nContent-Type: text/plain\n\none\n--b--"))).toHaveLength(2);
  });

  it("is one text where a multipart has no delimiter at all", () => {
    expect(types(read("Content-Type: multipart/report; boundary=b\n\njust words"))).toEqual(["text/plain"]);
  });

  it("gives the same report with CRLF, LF and CR line ends, and with all of them mixed", () => {
    const text = reportText({ status: failedStatus() });
    const expected = inspectMail(bytesOf(text, "\n"));
    expect(expected.verdict).toBe("bounce");
    for (const lineEnd of ["\r\n", "\r", "\r\r\n"]) expect(inspectMail(bytesOf(text, lineEnd))).toEqual(expected);
    let line = 0;
    const mixed = text.replaceAll("\n", () => ["\r\n", "\n"][line++ % 2] ?? "\n");
    expect(inspectMail(bytesOf(mixed, "\n"))).toEqual(expected);
  });
});

describe("a part's text", () => {
  const textOf = (fields: string, body: Uint8Array): string => {
    const mail = read(new Uint8Array(Buffer.concat([Buffer.from(`${fields}\r\n\r\n`), body])));
    return partText(mail, mail.root);
  };

  it("is read in its transfer encoding and its charset", () => {
    expect(textOf("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64", Buffer.from("xbzDs8WCxIc="))).toBe(
      "żółć",
    );
    expect(
      textOf(
        "Content-Type: text/plain; charset=iso-8859-2\r\nContent-Transfer-Encoding: quoted-printable",
        Buffer.from("=BF=F3=\r\n=B3=E6"),
      ),
    ).toBe("żółć");
    expect(textOf("Content-Type: text/plain; charset=iso-2022-jp", Buffer.from("1b2442472d1b2842", "hex"))).toBe("猫");
  });

  it("is UTF-8, else Windows-1252, where nobody knows the charset", () => {
    expect(textOf("Content-Type: text/plain; charset=x-nobody", Buffer.from("Größe", "utf8"))).toBe("Größe");
    expect(textOf("Content-Type: text/plain; charset=x-nobody", Buffer.from("Größe", "latin1"))).toBe("Größe");
  });

  it("bears NUL bytes and invalid UTF-8", () => {
    expect(textOf("Content-Type: text/plain; charset=utf-8", Buffer.from([97, 0, 98, 0xff]))).toBe("a\0bÿ");
  });
});

describe("a content type", () => {
  it("has lower-case names, quoted values and no prototype", () => {
    const { type, params } = readContentType('Multipart/REPORT; Boundary="a;b\\"c"; report-type=delivery-status; __proto__=x');
    expect(type).toBe("multipart/report");
    expect([...params]).toEqual([
      ["boundary", 'a;b"c'],
      ["report-type", "delivery-status"],
      ["__proto__", "x"],
    ]);
  });
});

describe("a message over a limit", () => {
  const nested = (depth: number): string => {
    let text = "Content-Type: text/plain\n\nx\n";
    for (let level = 0; level < depth; level++)
      text = `Content-Type: multipart/mixed; boundary=b${level}\n\n--b${level}\n${text}\n--b${level}--\n`;
    return text;
  };

  it.each([
    ["empty", ""],
    ["nested_too_deep", nested(300)],
    ["too_many_parts", `Content-Type: multipart/mixed; boundary=b\n\n${"--b\n\nx\n".repeat(3000)}--b--\n`],
    ["too_many_headers", `${"X-A: b\n".repeat(300_000)}\nx`],
    ["header_too_long", `Subject: ${"a".repeat(20_000_000)}\n\nx`],
  ])("is set aside as unreadable: %s", (step, text) => {
    const report = inspectMail(bytesOf(text));
    expect(report.verdict).toBe("unreadable");
    expect(report.evidence[0]?.step).toBe(step);
  });

  it("may be any byte over the size asked for", () => {
    const bytes = reportNotice({ status: failedStatus() });
    expect(inspectMail(bytes, { ...defaultLimits, bytes: bytes.byteLength }).verdict).toBe("bounce");
    expect(inspectMail(bytes, { ...defaultLimits, bytes: bytes.byteLength - 1 }).evidence[0]?.step).toBe("too_large");
  });
});
