import { type Envelope, type HeaderFields, keepEnvelopeFields } from "../../src/bounces/envelope.ts";

/** What is known of a message; `fields` is its whole header block, or as much of it as was fetched. */
export type EnvelopeFacts = Omit<Envelope, "headers" | "threadId" | "hints"> & {
  fields: HeaderFields;
  threadId?: string | null;
  hints?: Envelope["hints"];
};

/** Makes the envelope of a message from its header fields and what the provider says about it. */
export const readEnvelope = ({ fields, threadId = null, hints = {}, ...facts }: EnvelopeFacts): Envelope => ({
  ...facts,
  headers: keepEnvelopeFields(fields),
  threadId,
  hints,
});
