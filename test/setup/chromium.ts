/** Debian's Chromium, for the tests of the pages: installed where it can be had cheaply, as root on Debian; else skipped aloud. */
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { type Browser, chromium } from "playwright-core";
import { installPackages, isDebian } from "./mail-server/packages.ts";

const path = "/usr/bin/chromium";

/** Why there is no Chromium on this machine; null where there is one. */
export const whyNoChromium = (): string | null => {
  if (existsSync(path)) return null;
  if (process.platform !== "linux" || !isDebian()) return "Chromium is taken from Debian's packages, and this is not Debian.";
  if (userInfo().uid !== 0) return "Chromium is not there, and packages can be installed only as root.";
  return null;
};

/** A browser of its own, headless. Nothing of it reaches out: it knows no host but this machine's. */
export const openChromium = async (): Promise<Browser> => {
  installPackages([{ name: "chromium", proof: path }]);
  return chromium.launch({
    executablePath: path,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
  });
};
