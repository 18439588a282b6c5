/** More than any mail server lets through; what lies beyond is not looked at. */
export const mostHeader = 256 * 1024;

/** Where the header block of a message ends: the index behind its last line, before the blank line; -1 if there is no blank line. */
export const headerEnd = (bytes: Buffer): number => {
  const lf = bytes.indexOf("\n\n");
  const crlf = bytes.indexOf("\r\n\r\n");
  if (lf < 0) return crlf < 0 ? -1 : crlf + 2;
  return crlf < 0 ? lf + 1 : Math.min(lf + 1, crlf + 2);
};
