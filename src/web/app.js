// What the pages are better with and can be read without: the reader's time zone.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone?.replaceAll("/", "--") ?? "";
if (/^[\w-]{1,200}$/.test(zone) && !document.cookie.includes(`bounceline_zone=${zone}`)) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
  document.cookie = `bounceline_zone=${zone}; Path=/; SameSite=Lax; Max-Age=31536000${secure}`;
}
