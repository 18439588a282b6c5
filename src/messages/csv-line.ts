/**
 * One line of CSV (RFC 4180: CRLF, a quote doubled inside quotes). A text that a spreadsheet would run as a formula gets an
 * apostrophe in front: subjects and the words of mail servers are written by strangers.
 */
export const csvLine = (fields: readonly (string | number | null)[]): string => `${fields.map(csvField).join(",")}\r\n`;

const csvField = (value: string | number | null): string => {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = isFormula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** https://owasp.org/www-community/attacks/CSV_Injection, and what spreadsheets skip before the sign. */
const isFormula = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/u;
