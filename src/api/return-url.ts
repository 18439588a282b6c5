const onThisMachine = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a connect link may lead there at all: by https, or by http for who tries things out on one machine. */
export const isReturnUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  const known = protocol === "https:" || (protocol === "http:" && onThisMachine.has(hostname));
  return known && username === "" && password === "" && hash === "";
};

/** Whether it is one of an account's pages: the whole address but its query, so that nobody can be sent elsewhere on the same host. */
export const isListed = (text: string, pages: readonly string[]): boolean =>
  isReturnUrl(text) && pages.some((page) => place(page) === place(text));

const place = (text: string): string => {
  const { origin, pathname } = new URL(text);
  return origin + pathname;
};
