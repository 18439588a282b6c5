/** What a dialect file says: how one writer's notices without a delivery-status part are told apart and read. */
import type { Finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import type { Reason } from "../reasons.ts";

export type Dialect = {
  /** Goes into the report's `format`. */
  name: string;
  /** Words that this writer's notices use and people do not. Looked for in the head of the prose. */
  opening: RegExp;
  /** The second sign, where it is not simply a machine's header field; `because` says in words what it asks. */
  also?: { holds: (notice: Notice) => boolean; because: string };
  /** Words that make the notice a delay warning. */
  delay?: RegExp;
  /** The reason of every failure this writer reports, where there is only one. */
  reason?: Reason;
  /** Reads the recipients; where absent, readBlocks does. */
  read?: (notice: Notice) => Finding[];
};
