/** What a refusing mail server answered: its reply code (RFC 5321, section 4.2) and enhanced status code (RFC 3463). */

/** `code` such as 550, `status` such as "5.1.1"; null where the text holds none. */
export type Reply = { code: number | null; status: string | null };

// A "-" before it is the dash of "550-5.7.26"; subjects go from 0 to 7 (RFC 3463, section 3), so that "4.96.2" is a program's version.
const enhancedCode = /(?<![\w.@]|(?<!\d{3})-)([45]\.[0-7]\.\d{1,3})(?!\.?\d|\.[a-z])/i;
const replyCode = /(?<![\d.\w@/-])([45][0-5]\d)(?=[\s\-:;,"')#]|$)/;

/** The first code that says more than its class, or the first at all. */
const readEnhancedStatus = (text: string): string | null => {
  let first: string | null = null;
  let at = 0;
  for (let count = 0; count < 6; count++) {
    const found = enhancedCode.exec(text.slice(at, 2000));
    if (!found?.[1]) break;
    if (!/^[45]\.0\.0$/.test(found[1])) return found[1];
    first ??= found[1];
    at += found.index + found[0].length;
  }
  return first;
};

/** How mail gateways wrap the refusing server's answer: "5.1.0 - Unknown address error 550-'5.7.1 Access denied'". */
const wrapper = /^[45]\.\d\.\d{1,2} - [^'\d]{3,60}(?=\d{3}-')/;

/** A diagnostic without what the sending gateway wrapped around the refusing server's own reply. */
export const ownReply = (diagnostic: string): string => diagnostic.replace(wrapper, "");

/** Reads the codes of a reply. Only the first 2,000 characters count. */
export const readReply = (text: string): Reply => {
  const own = ownReply(text.slice(0, 2000));
  const code = replyCode.exec(own)?.[1];
  return { code: code === undefined ? null : Number(code), status: readEnhancedStatus(own) };
};
