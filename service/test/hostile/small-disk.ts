/** A disk of a few MiB that a test can fill. It is in memory, or an ext4 image with SMALL_DISK=ext4. Requires Linux and root, to mount it. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MIB = 1024 * 1024

const IS_EXT4 = process.env['SMALL_DISK'] === 'ext4'
/** Smaller, mkfs makes another kind of it. */
const LEAST_EXT4_MIB = 2

export class SmallDisk {
  readonly path: string

  /** @throws when it cannot be mounted */
  constructor(mebibytes: number) {
    this.path = mkdtempSync(join(tmpdir(), 'bus-disk-'))
    try {
      if (IS_EXT4) this.#mountExt4(mebibytes)
      else run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', this.path])
    } catch (error) {
      rmSync(this.path, { recursive: true })
      throw error
    }
  }

  #mountExt4(mebibytes: number): void {
    const image = `${this.path}.ext4`
    writeFileSync(image, '')
    try {
      truncateSync(image, Math.max(mebibytes, LEAST_EXT4_MIB) * MIB)
      // A journal and the usual number of inodes would take up most of a small disk.
      run('mkfs.ext4', ['-q', '-m', '0', '-O', '^has_journal', '-N', '256', image])
      run('mount', ['-o', 'loop', image, this.path])
      chmodSync(this.path, 0o700)
    } finally {
      // The mount keeps the image until it is unmounted.
      rmSync(image)
    }
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  /** Takes room away: this much, or all there is. */
  fill(mebibytes?: number): void {
    const bytes = mebibytes === undefined ? this.freeBytes : mebibytes * MIB
    try {
      writeFileSync(join(this.path, `ballast-${performance.now()}`), Buffer.alloc(bytes))
    } catch (error) {
      // On ext4 a large file also needs blocks for its block list, so the disk is full slightly earlier.
      if (mebibytes !== undefined || (error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
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

/** @throws with what it printed, when it fails */
function run(program: string, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(error?.message ?? stderr.trim())
}

/** @returns why there can be no small disk here, or `null` */
export function whyNoSmallDisk(): string | null {
  if (process.platform !== 'linux') return 'only Linux has its mount'
  if (process.getuid?.() !== 0) return 'only root may mount'
  try {
    new SmallDisk(1).remove()
    return null
  } catch (error) {
    return `no small disk can be mounted: ${(error as Error).message}`
  }
}
