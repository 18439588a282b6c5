/** Nothing from elsewhere, no script or style in a page itself, and nobody may frame one (CSP Level 3). */
export const basePolicy =
  "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
