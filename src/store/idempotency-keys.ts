import type { Database, Write } from "../ports/database.ts";
import { hashSecret } from "./one-time-secret.ts";
import { type Keys, open, type SealedAt, seal, sealedWith } from "./secrets.ts";

/** A request that came with a key; `accountId` is empty for an instance admin's. */
export type KeyedRequest = {
  accountId: string;
  key: string;
  requestId: string;
  /** What is asked for, in one text: the same key with another text is another request. */
  asked: string;
};

/** An answer as it left. */
export type KeptAnswer = { status: number; type: string; body: string };

/** What there is to do about a keyed request. `lost`: it took effect, and the process ended before its answer was kept. */
export type KeyState = { is: "new" | "other_request" | "running" | "lost" } | { is: "answered"; answer: KeptAnswer };

/** How long an answer is given again. */
export const keptMs = 24 * 3_600_000;
/** No request takes so long: one without an answer after this has lost its process. */
const runsAtMostMs = 120_000;

/**
 * Claims a key for a request, or says why not. An older key, and one whose process ended before anything took effect, is
 * claimed anew.
 */
export const claimIdempotencyKey = (database: Database, keys: Keys, request: KeyedRequest, now: number): Promise<KeyState> =>
  database.transaction(async (tx) => {
    const row = {
      account_id: request.accountId,
      key_hash: hashSecret(request.key),
      request_id: request.requestId,
      // Sealed: a plain hash of a body with a password in it would let passwords be tried against it.
      request: seal(keys, placeOf(request, "request"), hashSecret(request.asked)),
      began_at: now,
      took_effect: 0 as const,
      answer: null,
    };
    const made = await tx
      .insertInto("idempotency_keys")
      .values(row)
      .onConflict((conflict) =>
        conflict
          .columns(["account_id", "key_hash"])
          .doUpdateSet(row)
          .where((eb) =>
            eb.or([
              eb("idempotency_keys.began_at", "<=", now - keptMs),
              eb.and([
                eb("idempotency_keys.began_at", "<=", now - runsAtMostMs),
                eb("idempotency_keys.took_effect", "=", 0),
                eb("idempotency_keys.answer", "is", null),
              ]),
            ]),
          ),
      )
      .returning("request_id")
      .executeTakeFirst();
    return made ? { is: "new" } : readState(tx, keys, request, now);
  });

const readState = async (tx: Write, keys: Keys, request: KeyedRequest, now: number): Promise<KeyState> => {
  const found = await tx
    .selectFrom("idempotency_keys")
    .selectAll()
    .where("account_id", "=", request.accountId)
    .where("key_hash", "=", hashSecret(request.key))
    .executeTakeFirst();
  // Given back just now: the first request failed on our side.
  if (!found) return { is: "running" };
  if (open(keys, placeOf(request, "request"), found.request) !== hashSecret(request.asked)) return { is: "other_request" };
  if (found.answer !== null) return { is: "answered", answer: JSON.parse(open(keys, placeOf(request, "answer"), found.answer)) };
  return { is: found.began_at <= now - runsAtMostMs ? "lost" : "running" };
};

/** Remembers, in the transaction of the effect itself, that a request took effect: it is never carried out a second time. */
export const markEffect = async (tx: Write, request: KeyedRequest): Promise<void> => {
  await tx
    .updateTable("idempotency_keys")
    .set({ took_effect: 1 })
    .where(({ and }) => and(rowOf(request)))
    .execute();
};

/** Keeps an answer, sealed: it may hold a secret that is shown once. */
export const keepAnswer = async (tx: Write, keys: Keys, request: KeyedRequest, answer: KeptAnswer): Promise<void> => {
  await tx
    .updateTable("idempotency_keys")
    .set({ answer: seal(keys, placeOf(request, "answer"), JSON.stringify(answer)) })
    .where(({ and }) => and(rowOf(request)))
    .execute();
};

/**
 * Forgets what an account's requests were answered, when somebody is erased: an answer may speak of them. The requests are known to
 * have taken effect, so that none is carried out a second time. Returns how many.
 */
export const forgetAnswers = async (tx: Write, accountId: string): Promise<number> => {
  const forgotten = await tx
    .updateTable("idempotency_keys")
    .set({ took_effect: 1, answer: null })
    .where("account_id", "=", accountId)
    .where("answer", "is not", null)
    .executeTakeFirst();
  return Number(forgotten.numUpdatedRows);
};

/** Gives a key back whose request failed on our side, so that it can be tried again; unless something took effect. */
export const releaseIdempotencyKey = async (tx: Write, request: KeyedRequest): Promise<void> => {
  await tx
    .deleteFrom("idempotency_keys")
    .where(({ and }) => and({ ...rowOf(request), took_effect: 0 }))
    .execute();
};

/** Seals all requests and answers anew under the newest key; part of `resealSecrets`. Returns how many. */
export const resealAnswers = async (tx: Write, keys: Keys): Promise<number> => {
  const rows = await tx.selectFrom("idempotency_keys").select(["account_id", "key_hash", "request", "answer"]).execute();
  const old = rows.filter((row) => [row.request, row.answer].some((sealed) => sealed && sealedWith(sealed) !== keys.sealing[0]?.id));
  for (const { account_id, key_hash, request, answer } of old) {
    const anew = (column: Column, sealed: string): string => {
      const at = place(account_id, key_hash, column);
      return seal(keys, at, open(keys, at, sealed));
    };
    await tx
      .updateTable("idempotency_keys")
      .set({ request: anew("request", request), answer: answer === null ? null : anew("answer", answer) })
      .where("account_id", "=", account_id)
      .where("key_hash", "=", key_hash)
      .execute();
  }
  return old.length;
};

/** The row, while it is still this request's. */
const rowOf = ({ accountId, key, requestId }: KeyedRequest) => ({
  account_id: accountId,
  key_hash: hashSecret(key),
  request_id: requestId,
});

type Column = "request" | "answer";

const placeOf = ({ accountId, key }: KeyedRequest, column: Column): SealedAt => place(accountId, hashSecret(key), column);

const place = (accountId: string, keyHash: string, column: Column): SealedAt => ({
  table: "idempotency_keys",
  accountId,
  row: keyHash,
  column,
});
