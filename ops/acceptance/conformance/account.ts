/** What the run has proved, file by file, and what it had to leave out, and why. */
import type { Reporter, TestCase, TestModule } from 'vitest/node'

type Say = (line: string) => void

export class Account implements Reporter {
  readonly #say: Say
  readonly #reasons = new Map<string, number>()
  #proved = 0
  #failed = 0

  constructor(say: Say) {
    this.#say = say
  }

  onTestModuleEnd(module: TestModule): void {
    const cases = [...module.children.allTests()]
    const failed = cases.filter(each => each.result().state === 'failed')
    const proved = cases.filter(each => each.result().state === 'passed').length
    for (const each of cases) this.#leaveOut(each)
    const name = module.moduleId.replace(/^.*\/|\.test\.ts$/g, '')
    const faults = module.errors().map(({ message }) => message)
    this.#proved += proved
    this.#failed += failed.length + faults.length
    const ok = failed.length + faults.length === 0
    const left = cases.length - proved - failed.length
    if (ok && proved === 0) return
    this.#say(`${ok ? 'ok' : 'NO'} ${name}: ${proved} proved${left === 0 ? '' : `, ${left} left out`}`)
    for (const each of failed) {
      this.#say(`   ${each.fullName}`)
      for (const { message } of each.result().errors ?? []) this.#say(indented(message))
    }
    for (const fault of faults) this.#say(indented(fault))
  }

  onTestRunEnd(_modules: unknown, unhandled: readonly { message: string }[]): void {
    this.#failed += unhandled.length
    for (const { message } of unhandled) this.#say(`NO ${message}`)
  }

  /** The last lines. @returns the exit code: a run that proved nothing is no success */
  close(): number {
    const reasons = [...this.#reasons].sort(([, a], [, b]) => b - a)
    if (reasons.length > 0) this.#say('Left out:')
    for (const [reason, count] of reasons) this.#say(`   ${count}: ${reason}`)
    const left = reasons.reduce((sum, [, count]) => sum + count, 0)
    this.#say(`${this.#proved} proved, ${this.#failed} not, ${left} left out`)
    return this.#failed === 0 && this.#proved > 0 ? 0 : 1
  }

  #leaveOut(test: TestCase): void {
    const result = test.result()
    if (result.state !== 'skipped') return
    const reason = result.note ?? 'it says so itself'
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
  }
}

const indented = (text: string): string =>
  text
    .split('\n')
    .slice(0, 12)
    .map(line => `      ${line}`)
    .join('\n')
