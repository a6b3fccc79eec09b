import perfHooks, { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LoopLag } from '../metrics/loop-lag.ts'
import { CatalogueRegistry } from '../metrics/registry.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('the looks at the clock end when nobody reads them, and begin again with the next reader', () => {
  let running = false
  const monitor = Object.assign(monitorEventLoopDelay(), {
    enable: () => {
      running = true
      return true
    },
    disable: () => {
      running = false
      return true
    },
  })
  const made = vi.spyOn(perfHooks, 'monitorEventLoopDelay').mockReturnValue(monitor)
  const lag = new LoopLag(() => perfHooks.monitorEventLoopDelay().enable())
  expect(made).toHaveBeenCalledOnce()
  expect(running).toBe(true)
  vi.advanceTimersByTime(10_000)
  expect(running).toBe(false)
  lag.read()
  expect(running).toBe(true)
  vi.advanceTimersByTime(4 * 60_000)
  lag.read()
  vi.advanceTimersByTime(4 * 60_000)
  expect(running).toBe(true)
  vi.advanceTimersByTime(60_000)
  expect(running).toBe(false)
  made.mockRestore()
})

test("it is prom-client's monitor that it has found", async () => {
  const disabled = vi.spyOn(Object.getPrototypeOf(monitorEventLoopDelay()), 'disable')
  const registry = new CatalogueRegistry()
  vi.advanceTimersByTime(10_000)
  expect(disabled).toHaveBeenCalledOnce()
  expect(await registry.text()).toContain('nodejs_eventloop_lag_p99_seconds')
  disabled.mockRestore()
})
