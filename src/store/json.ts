/** How objects lie in text columns. Nothing outside src/store sees the text. */
export const toJson = (value: unknown): string => JSON.stringify(value ?? null);

/** Reads back what `toJson` wrote; the caller names the type it wrote. */
export const fromJson = <T>(text: string): T => JSON.parse(text) as T;

/** As `fromJson`, for a column that may be null. */
export const fromJsonOrNull = <T>(text: string | null): T | null => (text === null ? null : fromJson<T>(text));
