/** Why the store refuses or fails: each code has one sentence that says what to do. */
export type StoreErrorCode =
  | "backup_elsewhere"
  | "bad_cursor"
  | "data_directory_in_use"
  | "database_too_new"
  | "disk_full"
  | "job_schema_refused"
  | "key_file_unreadable"
  | "key_in_data_directory"
  | "key_missing"
  | "key_wrong"
  | "lease_timeout"
  | "move_failed"
  | "readonly"
  | "target_not_empty"
  | "worker_lost";

/** A failure whose message can be shown to a person as it is. */
export class StoreError extends Error {
  override name = "StoreError";
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Somebody raised the inbox's fence (a pause, a disconnect, a new claim): nothing of this write was kept. */
export class FenceLost extends Error {
  override name = "FenceLost";
  readonly inboxId: string;
  constructor(inboxId: string) {
    super(`Inbox ${inboxId} was claimed, paused or disconnected meanwhile; nothing was written.`);
    this.inboxId = inboxId;
  }
}
