import { describe, expect, it } from "vitest";
import { nextPoll, pollInterval, type TurnEnd } from "../../src/sync/next-poll.ts";

const now = Date.UTC(2026, 10, 25, 12);
const minute = 60_000;
const inbox = { failedPolls: 0, firstSyncDone: true };
const failed = (error: Extract<TurnEnd, { kind: "failed" }>["error"], retryAfterMs: number | null = null): TurnEnd => ({
  kind: "failed",
  error,
  message: "words for people",
  retryAfterMs,
});

describe("when an inbox is polled again", () => {
  it("after a turn that read everything: at the usual interval", () => {
    expect(nextPoll({ kind: "done" }, { ...inbox, failedPolls: 4 }, now, minute)).toEqual({
      state: "watching",
      detail: {},
      at: now + minute,
      failedPolls: 0,
      forgetCursor: false,
    });
  });

  it("after a turn that left some: at once, and a first sync stays one", () => {
    const next = nextPoll({ kind: "more" }, { ...inbox, firstSyncDone: false }, now, minute);
    expect([next.state, next.at]).toEqual(["first_sync", now]);
  });

  it("keeps the wait a busy provider asks for, and never counts it as a failure", () => {
    const next = nextPoll(failed("rate_limited", 15 * minute), { ...inbox, failedPolls: 2 }, now, minute);
    expect([next.state, next.at, next.failedPolls]).toEqual(["waiting", now + 15 * minute, 2]);
    expect(next.detail.until).toBe(now + 15 * minute);
  });

  it("waits no longer than it was asked to, and a minute where the provider names no time", () => {
    expect(nextPoll(failed("rate_limited", 2_000), inbox, now, minute).at).toBe(now + 2_000);
    expect(nextPoll(failed("rate_limited", 0), inbox, now, minute).at).toBe(now + 1_000);
    expect(nextPoll(failed("rate_limited"), inbox, now, minute).at).toBe(now + minute);
  });

  it("asks for a new sign-in only when the provider says so, and then polls no more", () => {
    const next = nextPoll(failed("auth"), inbox, now, minute);
    expect([next.state, next.at]).toEqual(["reconnect_needed", null]);
  });

  it("backs off from a host that does not answer, up to an hour, and never gives up", () => {
    const waits = [0, 1, 2, 5, 9, 200].map(
      (failedPolls) => (nextPoll(failed("unavailable"), { ...inbox, failedPolls }, now, minute).at ?? 0) - now,
    );
    expect(waits).toEqual([30_000, 60_000, 120_000, 960_000, 3_600_000, 3_600_000]);
  });

  it("lists again at once when the cursor is no longer known", () => {
    const next = nextPoll(failed("cursor_expired"), inbox, now, minute);
    expect([next.state, next.at, next.forgetCursor]).toEqual(["watching", now, true]);
  });

  it("keeps an inbox alive after a bug of ours", () => {
    expect(nextPoll(failed("bug"), inbox, now, minute).at).toBe(now + 30_000);
  });
});

describe("an inbox with nothing new", () => {
  it("is looked at more often the more lately it sent", () => {
    const hours = [0, 0.9, 1, 23, 25, 167, 169, 10_000].map((quiet) => pollInterval(now - quiet * 60 * minute, now, minute) / minute);
    expect(hours).toEqual([0.5, 0.5, 1, 1, 5, 5, 15, 15]);
    expect(pollInterval(null, now, minute)).toBe(minute);
  });
});
