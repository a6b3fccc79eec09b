/** A real sshd on a port of its own, with keys made for it, behind which lies the tests' Docker. */
import { execFileSync, spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installed } from '../../../service/test/support/installed.ts'
import { freePort } from '../../../service/test/support/ports.ts'

// Debian has it where only root looks.
const SSHD = installed('sshd') ?? '/usr/sbin/sshd'

/** Why there can be none here, if so. */
export const noSshd: string | null =
  existsSync(SSHD) && installed('ssh') !== undefined ? null : 'openssh is not installed'

export class Sshd {
  readonly port: number
  /** A private key that it lets in as root. */
  readonly identity: string
  /** With its host key, as ssh's UserKnownHostsFile. */
  readonly knownHosts: string
  readonly #dir: string
  readonly #daemon: ReturnType<typeof spawn>
  readonly #ended: Promise<unknown>
  #log = ''

  private constructor(port: number, env: Record<string, string>, maxStartups: string) {
    this.port = port
    this.#dir = mkdtempSync(join(tmpdir(), 'bus-sshd-'))
    const at = (name: string) => join(this.#dir, name)
    this.identity = at('identity')
    this.knownHosts = at('known_hosts')
    for (const key of ['identity', 'host']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)])
    }
    copyFileSync(at('identity.pub'), at('authorized_keys'))
    writeFileSync(this.knownHosts, `[127.0.0.1]:${port} ${readFileSync(at('host.pub'), 'utf8')}`)
    const settings = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      `PidFile ${at('pid')}`,
      // The directory belongs to root, but lies in one that is everybody's.
      'StrictModes no',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      `MaxStartups ${maxStartups}`,
      `SetEnv ${Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}`,
    ]
    writeFileSync(at('config'), `${settings.join('\n')}\n`)
    // Where it gives up its privileges; a system that has not started one has no such directory.
    mkdirSync('/run/sshd', { recursive: true })
    this.#daemon = spawn(SSHD, ['-D', '-e', '-f', at('config')], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#daemon.stderr!.on('data', chunk => {
      this.#log = (this.#log + chunk).slice(-4000)
    })
    this.#ended = new Promise(resolve => this.#daemon.on('close', resolve))
  }

  /**
   * @param env of every command it runs
   * @param maxStartups how many may come at once before it turns some away: what sshd has by itself, unless said otherwise
   * @throws with the end of its log
   */
  static async start(env: Record<string, string>, maxStartups = '10:30:100'): Promise<Sshd> {
    const sshd = new Sshd(await freePort(), env, maxStartups)
    const deadline = performance.now() + 10_000
    while (!sshd.#log.includes('Server listening')) {
      if (sshd.#daemon.exitCode !== null || performance.now() > deadline) throw new Error(sshd.#log)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    return sshd
  }

  /** What it said of late: of connections that it refused, above all. */
  get log(): string {
    return this.#log
  }

  async stop(): Promise<void> {
    this.#daemon.kill('SIGTERM')
    await this.#ended
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
