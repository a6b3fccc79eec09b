import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { digestBytes } from '../http/digest.ts'
import { ensureSecrets } from '../secrets/first-start.ts'
import { openVault } from '../secrets/sealing-key.ts'
import { SecretsError } from '../secrets/secrets-error.ts'
import { Aes256Vault } from '../secrets/vault.ts'
import { earlierSeal } from './support/earlier-seal.ts'

let dir: string
let warnings: string[]
const warn = (line: string) => warnings.push(line)
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bus-secrets-'))
  warnings = []
})
afterEach(() => rmSync(dir, { recursive: true }))

const modeOf = (path: string) => statSync(path).mode & 0o777

function fault(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(SecretsError)
    const { message } = error as SecretsError
    expect(message).not.toContain('\n')
    return message
  }
  throw new Error('nothing was refused')
}

describe('the first start', () => {
  test('makes every secret, for the owner’s eyes only', () => {
    const { values, file, made } = ensureSecrets(dir, {}, warn)
    expect(made).toHaveLength(4)
    expect(values.BUS_SECRET).toMatch(/^mk_[\w-]{43}$/)
    expect(new Set(Object.values(values)).size).toBe(4)
    expect(modeOf(file)).toBe(0o600)
    expect(readdirSync(dir)).toEqual(['secrets.env'])
    expect(warnings).toEqual([])
  })

  test('the next one finds them again', () => {
    const first = ensureSecrets(dir, {}, warn)
    expect(ensureSecrets(dir, {}, warn)).toEqual({ ...first, made: [] })
  })

  test('two buses have no secret in common', () => {
    const other = join(dir, 'other')
    mkdirSync(other)
    expect(ensureSecrets(dir, {}, warn).values.BUS_SECRET).not.toBe(
      ensureSecrets(other, {}, warn).values.BUS_SECRET,
    )
  })

  test('what the environment sets wins, and is not written down', () => {
    const given = { value: 'from-the-environment', source: { from: 'variable', name: 'BUS_SECRET' } } as const
    const { values, file, made } = ensureSecrets(dir, { BUS_SECRET: given }, warn)
    expect(values.BUS_SECRET).toBe('from-the-environment')
    expect(made).not.toContain('BUS_SECRET')
    expect(readFileSync(file, 'utf8')).not.toContain('from-the-environment')
  })

  test('with all four set, no file is touched', () => {
    const given = (name: 'BUS_SECRET') => ({ value: 'v', source: { from: 'variable', name } }) as const
    const all = {
      BUS_SECRET: given('BUS_SECRET'),
      BUS_ADMIN_SECRET: given('BUS_SECRET'),
      DASHBOARD_PASSWORD: given('BUS_SECRET'),
      BUS_METRICS_TOKEN: given('BUS_SECRET'),
    }
    const { values, made } = ensureSecrets(join(dir, 'not-there'), all, warn)
    expect(Object.values(values)).toEqual(['v', 'v', 'v', 'v'])
    expect(made).toEqual([])
    expect(readdirSync(dir)).toEqual([])
  })

  test('a line that was taken out is made anew, and the others stay', () => {
    const first = ensureSecrets(dir, {}, warn)
    const text = readFileSync(first.file, 'utf8')
    writeFileSync(first.file, text.replace(/^BUS_METRICS_TOKEN=.*\n/m, ''))
    const second = ensureSecrets(dir, {}, warn)
    expect(second.made).toEqual(['BUS_METRICS_TOKEN'])
    expect(second.values).toEqual({
      ...first.values,
      BUS_METRICS_TOKEN: expect.not.stringContaining(first.values.BUS_METRICS_TOKEN),
    })
  })
})

describe('a secrets file that is not right', () => {
  test('with an open mode is closed, with a warning', () => {
    const { file } = ensureSecrets(dir, {}, warn)
    chmodSync(file, 0o644)
    ensureSecrets(dir, {}, warn)
    expect(modeOf(file)).toBe(0o600)
    expect(warnings).toEqual([expect.stringContaining(`${file} could be read by other users`)])
  })

  test('with a line nobody can read stops the start, and the line is not shown', () => {
    const file = join(dir, 'secrets.env')
    writeFileSync(file, '# mine\nBUS_SECRT=hunter2\n', { mode: 0o600 })
    const message = fault(() => ensureSecrets(dir, {}, warn))
    expect(message).toContain(`${file}, line 2: `)
    expect(message).not.toContain('hunter2')
  })

  test('where nothing can be written, the way out is named', () => {
    const message = fault(() => ensureSecrets(join(dir, 'none'), {}, warn))
    expect(message).toContain('secrets.env cannot be written (ENOENT)')
    expect(message).toContain('set BUS_SECRET, BUS_ADMIN_SECRET')
  })
})

/** A key as the database holds it. */
const row = (sealed: Buffer, apiKey = 'tk_abc', identity = 1) => ({
  id: 1,
  sealed,
  hash: digestBytes(apiKey),
  identity,
})

describe('the vault', () => {
  const sealingKey = Buffer.alloc(32, 7)
  const vault = new Aes256Vault(sealingKey)
  const sealed = vault.seal('tk_abc', 1)

  test('opens what it sealed', () => {
    expect(vault.open(row(sealed))).toBe('tk_abc')
  })

  test('never seals twice the same way, and the key does not show', () => {
    const again = vault.seal('tk_abc', 1)
    expect(again.equals(sealed)).toBe(false)
    expect(again.includes('tk_abc')).toBe(false)
  })

  test('opens what an earlier bus sealed', () => {
    expect(vault.open(row(earlierSeal('tk_abc', sealingKey)))).toBe('tk_abc')
  })

  test.each([
    ['bound', sealed],
    ['earlier', earlierSeal('tk_abc', sealingKey)],
  ])('refuses every changed byte of a seal that is %s, and every shortened copy', (_which, whole) => {
    for (let i = 0; i < whole.length; i++) {
      expect(() => vault.open(row(whole.subarray(0, i))), `${i} bytes`).toThrow()
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(whole)
        changed[i]! ^= 1 << bit
        expect(() => vault.open(row(changed)), `byte ${i}, bit ${bit}`).toThrow()
      }
    }
  })

  test.each([
    ['hash', row(sealed, 'tk_other')],
    ['identity', row(sealed, 'tk_abc', 2)],
    ['identity to that of the master key', row(sealed, 'tk_abc', 0)],
  ])('refuses a changed %s', (_what, changed) => {
    expect(() => vault.open(changed)).toThrow()
  })

  test('refuses what another key sealed', () => {
    expect(() => new Aes256Vault(Buffer.alloc(32, 8)).open(row(sealed))).toThrow()
  })
})

describe('the key file', () => {
  const path = () => join(dir, 'bus.key')

  test('is made once, for the owner only, and found again', () => {
    const sealed = openVault(path(), [], warn).seal('tk_abc', 1)
    expect(modeOf(path())).toBe(0o600)
    expect(readFileSync(path(), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
    expect(openVault(path(), [row(sealed)], warn).open(row(sealed))).toBe('tk_abc')
  })

  test('missing, with keys in the database: stops the start and is not made anew', () => {
    const sealed = openVault(path(), [], warn).seal('tk_abc', 1)
    rmSync(path())
    expect(fault(() => openVault(path(), [row(sealed)], warn))).toContain(
      `${path()} is missing, and 1 API key in the database can only be opened with it`,
    )
    expect(readdirSync(dir)).toEqual([])
  })

  test('of another bus: stops the start', () => {
    const sealed = new Aes256Vault(Buffer.alloc(32, 1)).seal('tk_abc', 1)
    openVault(path(), [], warn)
    expect(fault(() => openVault(path(), [row(sealed), row(sealed)], warn))).toContain(
      `${path()} is not the key of this database: it does not open 2 of 2 API keys`,
    )
  })

  test.each(['', 'short', 'z'.repeat(64), 'ab'.repeat(33)])('holding no key is named and not shown', text => {
    writeFileSync(path(), text, { mode: 0o600 })
    const message = fault(() => openVault(path(), [], warn))
    expect(message).toContain(`${path()} holds no sealing key (${text.length} characters, not shown)`)
    expect(readFileSync(path(), 'utf8')).toBe(text)
  })
})
