import { describe, expect, it } from "vitest";
import { readAuthenticated } from "../../src/bounces/authenticated.ts";

const fields = (...results: string[]) => new Map([["authentication-results", results]]);
const google = "mailer-daemon@googlemail.com";

describe("whether a notice comes from whom it says", () => {
  it.each([
    ["mx.google.com; dkim=pass header.i=@googlemail.com; spf=pass smtp.helo=x; dmarc=pass (p=QUARANTINE) header.from=googlemail.com", true],
    ["mx.sales.example; dmarc=fail (p=none) header.from=googlemail.com; spf=pass smtp.mailfrom=evil.example", false],
    ["mx.sales.example; spf=softfail smtp.mailfrom=googlemail.com; dkim=none", false],
    ["mx.sales.example; spf=none; dkim=none", null],
    ["mx.sales.example; auth=none", null],
  ])("%s", (results, expected) => {
    expect(readAuthenticated(fields(results), google)).toBe(expected);
    expect(readAuthenticated(fields(results), `Mail Delivery Subsystem <${google}>`)).toBe(expected);
  });

  it("only the topmost result counts: the others came with the letter", () => {
    expect(readAuthenticated(fields("mx.sales.example; dmarc=fail", "mx.google.com; dmarc=pass"), google)).toBe(false);
  });

  it("says nothing of servers that do not sign, and nothing without a result", () => {
    expect(readAuthenticated(fields("mx.sales.example; spf=fail"), "mailer-daemon@mx.customer.example")).toBeNull();
    expect(readAuthenticated(fields("mx.sales.example; spf=fail"), "mailer-daemon@notgoogle.com.evil.example")).toBeNull();
    expect(readAuthenticated(new Map(), google)).toBeNull();
  });
});
