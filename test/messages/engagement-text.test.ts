import { describe, expect, it } from "vitest";
import { engagementText } from "../../src/messages/engagement-text.ts";

const address = "jan@customer.example";

describe("what is said about a bounce", () => {
  it("names type and category, what it means and what to do", () => {
    expect(engagementText("en", { state: "hard", category: "unknown_user", reason: "userunknown", address, pendingUntil: null })).toEqual({
      language: "en",
      title: "Hard bounce: Unknown user",
      meaning: "The message did not reach jan@customer.example, and trying again will not help.",
      actions: [{ code: "correct_address", text: "Correct the address or find another contact." }],
    });
  });

  it("says in Polish until when the mail server keeps trying", () => {
    const said = engagementText("pl", {
      state: "pending",
      category: "temporary_technical",
      reason: "networkerror",
      address,
      pendingUntil: Date.UTC(2026, 10, 28, 15, 50),
    });
    expect(said.title).toBe("Odrzucenie oczekujące: Tymczasowy problem techniczny");
    expect(said.meaning).toContain("28 lis 2026, 15:50");
    expect(said.actions[0]?.text).toContain("28 lis 2026, 15:50");
  });

  it("shows times in the reader's zone", () => {
    const said = engagementText(
      "en",
      { state: "pending", category: null, reason: null, address, pendingUntil: Date.UTC(2026, 10, 28, 15, 50) },
      "Europe/Warsaw",
    );
    expect(said.meaning).toContain("28 Nov 2026, 16:50");
  });

  it("recommends nothing once the message was delivered", () => {
    expect(engagementText("en", { state: "delivered", category: null, reason: null, address, pendingUntil: null }).actions).toEqual([]);
  });
});
