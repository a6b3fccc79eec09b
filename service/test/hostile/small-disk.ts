/** A disk of a few MiB in memory, to be filled. Linux, and root: nobody else may mount. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MIB = 1024 * 1024

export class SmallDisk {
  readonly path: string

  /** @throws when it cannot be mounted */
  constructor(mebibytes: number) {
    this.path = mkdtempSync(join(tmpdir(), 'bus-disk-'))
    const { status, error, stderr } = spawnSync(
      'mount',
      ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', this.path],
      { encoding: 'utf8' },
    )
    if (status === 0) return
    rmdirSync(this.path)
    throw new Error(error?.message ?? stderr.trim())
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  /** Takes room away: this much, or all there is. */
  fill(mebibytes = this.freeBytes / MIB): void {
    writeFileSync(join(this.path, `ballast-${performance.now()}`), Buffer.alloc(mebibytes * MIB))
  }

  /** Gives back what {@link fill} took. */
  relieve(): void {
    for (const name of readdirSync(this.path)) {
      if (name.startsWith('ballast-')) rmSync(join(this.path, name))
    }
  }

  wipe(): void {
    for (const name of readdirSync(this.path)) rmSync(join(this.path, name), { recursive: true })
  }

  remove(): void {
    spawnSync('umount', ['-l', this.path])
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** @returns why there can be no small disk here, or `null` */
export function whyNoSmallDisk(): string | null {
  if (process.platform !== 'linux') return 'only Linux has tmpfs'
  if (process.getuid?.() !== 0) return 'only root may mount'
  try {
    new SmallDisk(1).remove()
    return null
  } catch (error) {
    return `mount: ${(error as Error).message}`
  }
}
