import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** What a root is made of: packages with all they depend on, and files put over theirs. */
export type RootParts = { packages: readonly string[]; files: { readonly [path: string]: string } };

/** Why no root of Debian's packages can be made and entered on this machine; null if one can. */
export const whyNoRoot = (): string | null => {
  if (process.platform !== "linux" || !existsSync("/usr/bin/apt-get")) return "it is made of Debian's packages, and this is not Debian.";
  if (!/VERSION_ID="12"/.test(readFileSync("/etc/os-release", "utf8")))
    return "its configuration is written for the packages of Debian 12.";
  if (userInfo().uid !== 0) return "a root can be entered only as root.";
  try {
    execFileSync("unshare", ["-mpf", "true"], { stdio: "pipe" });
    return null;
  } catch {
    return "this machine allows no mount namespace.";
  }
};

const apt = (cache: string, ...args: string[]): void => {
  // Against an empty status file every package is missing, so that apt brings the whole closure and nothing of this machine counts.
  const options = [
    `Dir::State::status=${cache}/status`,
    `Dir::Cache::archives=${cache}`,
    "Debug::NoLocking=true",
    "APT::Sandbox::User=root",
  ];
  const quiet = ["-qq", "-y", "--no-install-recommends", "--download-only"];
  execFileSync("apt-get", [...quiet, ...options.flatMap((option) => ["-o", option]), ...args], { stdio: ["ignore", "ignore", "pipe"] });
};

const unpack = (root: string, cache: string): void => {
  for (const name of readdirSync(cache).filter((file) => file.endsWith(".deb"))) {
    const archive = execFileSync("dpkg-deb", ["--fsys-tarfile", join(cache, name)], { maxBuffer: 2 ** 30 });
    execFileSync("tar", ["-x", "-C", root, "--keep-directory-symlink"], { input: archive });
  }
};

/** What a root has besides: `srv` is where a run's own folder is bound. */
const ownFolders = ["dev", "proc", "tmp", "srv"];

/**
 * A folder with packages of Debian's unpacked in it, none of whose scripts has run: servers whose packages rule each other out can so
 * stand side by side. Made once for what it is made of, and kept.
 */
export const debianRoot = ({ packages, files }: RootParts): string => {
  const hash = createHash("sha256")
    .update(JSON.stringify([packages, files, ownFolders]))
    .digest("hex")
    .slice(0, 16);
  const root = join(tmpdir(), `bounceline-root-${hash}`);
  if (existsSync(root)) return root;
  const made = mkdtempSync(`${root}-`);
  const cache = join(made, "archives");
  console.warn(`unpacking for the tests: ${packages.join(", ")}`);
  mkdirSync(join(cache, "partial"), { recursive: true });
  writeFileSync(join(cache, "status"), "");
  // A bare machine knows no packages yet; the lists are the machine's own.
  execFileSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", "update", "-qq"], { stdio: ["ignore", "ignore", "pipe"] });
  apt(cache, "install", ...packages, "dash");
  unpack(made, cache);
  rmSync(cache, { recursive: true });
  for (const folder of ownFolders) mkdirSync(join(made, folder), { recursive: true });
  rmSync(join(made, "run"), { recursive: true, force: true });
  symlinkSync("srv/run", join(made, "run"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(made, path, ".."), { recursive: true });
    writeFileSync(join(made, path), text);
  }
  try {
    renameSync(made, root);
  } catch {
    // Another run was faster.
    rmSync(made, { recursive: true });
  }
  return root;
};

const entering = [
  "mount --bind /dev $0/dev",
  "mount -t proc proc $0/proc",
  "mount --bind $1 $0/srv",
  'root=$0; shift; exec chroot $root "$@"',
].join(" && ");

const entered = (root: string, work: string, command: readonly string[]): string[] => [
  "-mpf",
  "sh",
  "-c",
  entering,
  root,
  work,
  ...command,
];

/** Runs a command in a root, in namespaces of its own, with the folder `work` at /srv. */
export const runInRoot = (root: string, work: string, ...command: string[]): void => {
  execFileSync("unshare", entered(root, work, command), { stdio: "pipe" });
};

/** The same for a server, which goes on by itself: `server.pid` and `server.log` lie in `work`. What it starts ends with it (run-folder.ts). */
export const startInRoot = (root: string, work: string, ...command: string[]): void => {
  const log = openSync(join(work, "server.log"), "a");
  const child = spawn("unshare", entered(root, work, command), { detached: true, stdio: ["ignore", log, log] });
  child.unref();
  writeFileSync(join(work, "server.pid"), String(child.pid));
};
