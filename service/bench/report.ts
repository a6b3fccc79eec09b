import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** `ok: null`: shown, and held against nothing. */
export type Row = { what: string; measured: string; target: string; ok: boolean | null }
export type Report = { rows: Row[]; raw: unknown }

const RESULTS = new URL('./results/', import.meta.url)

/** The numbers behind the table, with the machine they were measured on. */
export function keep(name: string, report: Report, quick: boolean): void {
  mkdirSync(RESULTS, { recursive: true })
  const machine = {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  }
  const text = JSON.stringify(
    { name, date: new Date().toISOString().slice(0, 10), quick, machine, ...report },
    null,
    2,
  )
  writeFileSync(new URL(`${name}.json`, RESULTS), `${text}\n`)
}

export function print(rows: readonly Row[]): void {
  const width = (field: 'what' | 'measured' | 'target') => Math.max(...rows.map(row => row[field].length))
  const [what, measured, target] = [width('what'), width('measured'), width('target')]
  for (const row of rows) {
    const verdict = row.ok === null ? '' : row.ok ? 'ok' : 'MISSED'
    console.log(
      `${row.what.padEnd(what)}  ${row.measured.padEnd(measured)}  ${row.target.padEnd(target)}  ${verdict}`,
    )
  }
}
