/** How notices are titled, in many languages (languages.json). A weak sign: people use such words too, so a body decides. */
import { alternatives } from "./languages.ts";

/** Behind any number of "Re:", "Fwd:" and "[tag]" prefixes nothing counts: those are people's. */
export const noticeSubject = new RegExp(`^\\s*(?:\\[[^\\]]{1,40}\\] *)?(?:\\*+ ?)?(?:${alternatives("subjects")})`, "iu");
