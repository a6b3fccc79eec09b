/** Versions of the bus: three numbers, as Semantic Versioning orders them. */

export type Version = readonly [major: number, minor: number, patch: number]

/** @returns null for anything but `X.Y.Z` without leading zeros; a release has no suffix */
export function parseVersion(text: string): Version | null {
  const match = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/.exec(text)
  return match && [Number(match[1]), Number(match[2]), Number(match[3])]
}

/** @returns below 0 when `a` is the older one, 0 for the same, above 0 when it is the newer one */
export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/**
 * Whether a version may break what the one before promised: another major number, or, before 1.0.0, another minor one
 * (https://semver.org/spec/v2.0.0.html, 4 and 8).
 */
export function mayBreak(before: Version, next: Version): boolean {
  return next[0] > before[0] || (next[0] === 0 && next[1] > before[1])
}
