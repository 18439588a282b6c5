/**
 * Any notice that lists its failed recipients in X-Failed-Recipients, whatever its words and their language (Exim and what
 * sits behind it: 1&1, Mail.ru, GMX).
 *
 *   X-Failed-Recipients: jan@customer.example
 */
import type { Dialect } from "./dialect.ts";
import { generic } from "./generic.ts";

export const failedRecipients: Dialect = {
  name: "x-failed-recipients",
  opening: /\S/,
  also: {
    holds: ({ signs }) => signs.includes("failed_recipients") && signs.length > 1,
    because: "It lists the failed recipients in a field and comes from a machine.",
  },
  ...(generic.delay && { delay: generic.delay }),
};
