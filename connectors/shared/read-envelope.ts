import { type Envelope, envelopeFields, type HeaderFields } from "../../src/bounces/envelope.ts";

/** What is known of a message; `fields` is its whole header block, or as much of it as was fetched. */
export type EnvelopeFacts = Omit<Envelope, "headers" | "threadId" | "hints"> & {
  fields: HeaderFields;
  threadId?: string | null;
  hints?: Envelope["hints"];
};

/** Only the fields every provider is asked for: all connectors then tell the same of the same message. */
const keepEnvelopeFields = (all: HeaderFields): HeaderFields => {
  const kept = new Map<string, readonly string[]>();
  for (const name of envelopeFields) {
    const values = all.get(name);
    if (values) kept.set(name, values);
  }
  return kept;
};

/** Makes the envelope of a message from its header fields and what the provider says about it. */
export const readEnvelope = ({ fields, threadId = null, hints = {}, ...facts }: EnvelopeFacts): Envelope => ({
  ...facts,
  headers: keepEnvelopeFields(fields),
  threadId,
  hints,
});
