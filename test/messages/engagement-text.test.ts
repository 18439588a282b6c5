import { describe, expect, it } from "vitest";
import { engagementText, type Spoken } from "../../src/messages/engagement-text.ts";

const bounce = (more: Partial<Spoken>): Spoken => ({
  state: "hard",
  category: "unknown_user",
  reason: "userunknown",
  pendingUntil: null,
  occurredAt: Date.UTC(2026, 10, 25, 16, 0),
  hasReplied: false,
  failsAlike: false,
  recipient: { address: "jan@customer.example" },
  sentMessage: { kind: "one_to_one", from: "anna@sales.example" },
  server: { diagnostic: "550 5.7.26 Unauthenticated mail from sales.example", remoteMta: "mx.customer.example", reportingMta: null },
  ...more,
});

describe("what is said about a bounce", () => {
  it("names type and category, what it means and what to do", () => {
    expect(engagementText("en", bounce({}))).toEqual({
      language: "en",
      title: "Hard bounce: Unknown user",
      meaning: "The message did not reach jan@customer.example, and trying again will not help.",
      likelyCause: null,
      actions: [{ code: "correct_address", text: "Correct the address or find another contact." }],
      letter: null,
    });
  });

  it("says in Polish until when the mail server keeps trying", () => {
    const said = engagementText(
      "pl",
      bounce({
        state: "pending",
        category: "temporary_technical",
        reason: "networkerror",
        pendingUntil: Date.UTC(2026, 10, 28, 15, 50),
      }),
    );
    expect(said.title).toBe("Odrzucenie oczekujące: Tymczasowy problem techniczny");
    expect(said.meaning).toContain("28 lis 2026, 15:50");
    expect(said.actions[0]?.text).toContain("28 lis 2026, 15:50");
  });

  it("shows times in the reader's zone", () => {
    const said = engagementText(
      "en",
      bounce({ state: "pending", category: null, reason: null, pendingUntil: Date.UTC(2026, 10, 28, 15, 50) }),
      "Europe/Warsaw",
    );
    expect(said.meaning).toContain("28 Nov 2026, 16:50");
  });

  it("recommends nothing once the message was delivered", () => {
    expect(engagementText("en", bounce({ state: "delivered", category: null, reason: null, pendingUntil: null })).actions).toEqual([]);
  });

  it("says that a filter is the likely cause where the address has answered before", () => {
    expect(engagementText("en", bounce({ hasReplied: true })).likelyCause).toBe(
      "This address has answered you before: a filter is the likely cause.",
    );
    expect(engagementText("en", bounce({ hasReplied: true, state: "pending" })).likelyCause).toBeNull();
    const [address] = [bounce({}).recipient.address];
    expect(engagementText("en", bounce({ failsAlike: true })).likelyCause).toBe(
      `Three or more people at ${address.split("@")[1]} failed alike within a week: a filter there is the likely cause.`,
    );
    expect(engagementText("pl", bounce({ failsAlike: true, state: "soft" })).likelyCause).toBeNull();
  });

  it("asks marketing for what its own servers need", () => {
    const said = engagementText("en", bounce({ category: "spam", reason: "spamdetected", sentMessage: { kind: "marketing", from: null } }));
    expect(said.actions[0]?.text).toBe("Ask them, or their IT, to allow your sending IP addresses, then unbounce.");
  });

  it.each(["en", "pl"] as const)("writes the letter to IT with everything they need: %s", (language) => {
    const { letter } = engagementText(language, bounce({ state: "soft", category: "dmarc_unauthorized", reason: "authfailure" }));
    for (const fact of ["anna@sales.example", "sales.example", "jan@customer.example", "mx.customer.example", "550 5.7.26", "16:00"]) {
      expect(letter?.body).toContain(fact);
    }
    expect(`${letter?.subject}${letter?.body}`).not.toMatch(/[{}…?]/);
  });
});
