/** The git that a release is made with. */
import { execFileSync } from 'node:child_process'

export class Git {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @returns what it prints, without the last line break @throws with what git says when it fails */
  run(...args: string[]): string {
    return execFileSync('git', args, {
      cwd: this.#folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trimEnd()
  }

  /** The branch that is checked out; empty at a commit without one. */
  get branch(): string {
    return this.run('branch', '--show-current')
  }

  /** The files that are not as they were committed, new ones included. */
  get changed(): string[] {
    const listed = this.run('status', '--porcelain', '-z', '--no-renames', '--untracked-files=all')
    return listed
      .split('\0')
      .filter(Boolean)
      .map(entry => entry.slice(3))
  }

  hasTag(name: string): boolean {
    return this.run('tag', '--list', name) !== ''
  }

  /** Commits these files alone. @returns the commit */
  commit(files: string[], subject: string): string {
    this.run('commit', '--quiet', '--message', subject, '--', ...files)
    return this.run('rev-parse', 'HEAD')
  }

  /** As they were committed last. */
  restore(files: string[]): void {
    this.run('restore', '--staged', '--worktree', '--', ...files)
  }
}
