/** `intent-bus-phone doctor`: what phones have answered, and what that means. */
import { describe, expect, test } from 'vitest'
import { phoneFindings } from '../../termux/doctor/findings.ts'
import type { Readings } from '../../termux/doctor/readings.ts'

const MINUTE = 60_000
/** A phone with Android 13 on which all has been done, and which tells everything. */
const WELL: Readings = {
  api: 33,
  bootApp: 'package:/data/app/~~x==/com.termux.boot-y==/base.apk',
  bootScriptRan: Date.UTC(2026, 10, 1, 8, 2),
  hasBootScript: true,
  switchedOn: Date.UTC(2026, 10, 1, 8, 0),
  whitelist: 'system-excidle,com.android.shell,2000\nuser,com.termux,10123\nuser,com.termux.boot,10124',
  phantomMonitor: null,
  phantomSetting: 'false',
  phantomLimit: null,
  processes: 9,
  wakeLock: true,
  home: '/data/data/com.termux/files/home',
  battery: `{
  "health": "GOOD",
  "percentage": 80,
  "plugged": "PLUGGED_AC",
  "status": "CHARGING",
  "temperature": 31.799999237060547,
  "current": -183
}`,
  cores: [
    { now: 1_800_000, most: 1_800_000 },
    { now: 2_208_000, most: 2_208_000 },
  ],
  thermal: [41_200, 38_000],
}

const finding = (check: string, readings: Partial<Readings> = {}) =>
  phoneFindings({ ...WELL, ...readings }).find(each => each.check === check)!

test('a phone on which all was done has nothing to be cured', () => {
  expect(phoneFindings(WELL).map(({ state }) => state)).toEqual(Array(7).fill('ok'))
  expect(finding('temperature').detail).toBe('the battery has 31.8 °C')
})

test('whatever is not well has a cure', () => {
  const nothing: Readings = {
    api: null,
    bootApp: null,
    bootScriptRan: null,
    hasBootScript: false,
    switchedOn: null,
    whitelist: null,
    phantomMonitor: null,
    phantomSetting: null,
    phantomLimit: null,
    processes: null,
    wakeLock: false,
    home: '/storage/emulated/0/termux',
    battery: null,
    cores: [],
    thermal: [],
  }
  for (const { state, cure, check } of phoneFindings(nothing)) {
    if (state !== 'skipped') expect(cure, check).toMatch(/./)
    expect(state, check).not.toBe('ok')
  }
})

describe('battery saver', () => {
  test('a list without Termux is a failure; one that cannot be read is none', () => {
    expect(finding('battery saver', { whitelist: 'user,com.termux.boot,10124' }).state).toBe('failed')
    expect(finding('battery saver', { whitelist: null })).toMatchObject({ state: 'skipped' })
    expect(finding('battery saver', { whitelist: null }).cure).toContain('Unrestricted')
  })
})

describe('child processes', () => {
  const unseen = { phantomMonitor: null, phantomSetting: null, phantomLimit: null }
  test.each([
    [29, {}, 'ok', 'Android 10 does not'],
    [30, {}, 'ok', 'Android 11 does not'],
    [31, {}, 'skipped', 'does not let an app see'],
    [31, { phantomLimit: 'null' }, 'warning', 'more than 32'],
    [31, { phantomLimit: '2147483647' }, 'ok', 'leaves them alone; 9 run now'],
    // It has no such setting.
    [31, { phantomSetting: 'false', phantomLimit: '32' }, 'warning', '9 run now'],
    [32, { phantomSetting: 'false' }, 'ok', 'leaves them alone'],
    [33, { phantomSetting: 'null' }, 'warning', 'more than 32'],
    [35, {}, 'skipped', 'does not let an app see'],
    [35, { phantomMonitor: 'false' }, 'ok', 'leaves them alone; 9 run now'],
    // What the cure by adb sets counts, whatever the switch says.
    [35, { phantomMonitor: 'true', phantomSetting: 'false' }, 'ok', 'leaves them alone'],
    [35, { phantomMonitor: 'false', phantomSetting: 'true' }, 'warning', 'more than 32'],
    [null, {}, 'skipped', 'from Android 12 on'],
  ] as const)('API %s with %j: %s', (api, seen, state, said) => {
    const found = finding('child processes', { api, ...unseen, ...seen })
    expect(found.state).toBe(state)
    expect(found.detail).toContain(said)
  })

  test('the cure is that of the version of Android', () => {
    const cure = (api: number) => finding('child processes', { api, ...unseen }).cure
    expect(cure(31)).toMatch(
      /^adb shell device_config set_sync_disabled.*, then adb shell device_config put activity_manager max_phantom/,
    )
    expect(cure(32)).toMatch(/^adb shell settings put global settings_enable_monitor_phantom_procs false/)
    expect(cure(34)).toMatch(/^Developer options.*leave the developer options on/)
  })
})

describe('boot', () => {
  test('a script that ran long after the phone was switched on was started by somebody else', () => {
    const switchedOn = Date.UTC(2026, 10, 1, 8, 0)
    expect(finding('boot', { switchedOn, bootScriptRan: switchedOn + 3 * MINUTE }).state).toBe('ok')
    expect(finding('boot', { switchedOn, bootScriptRan: switchedOn - 3 * 24 * 60 * MINUTE })).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('did not start the bus'),
    })
  })

  test('an app that was never opened starts nothing', () => {
    const found = finding('boot', { bootScriptRan: null })
    expect(found).toMatchObject({ state: 'warning', cure: expect.stringContaining('open it once') })
    expect(finding('boot', { bootScriptRan: null, bootApp: null }).detail).toContain('was not seen')
  })

  test('a phone that does not say when it was switched on still says when the script ran', () => {
    expect(finding('boot', { switchedOn: null })).toMatchObject({
      state: 'ok',
      detail: 'it started the bus last on 2026-11-01 08:02 UTC',
    })
  })
})

describe('heat', () => {
  test.each([
    [39.9, 'ok'],
    [40, 'warning'],
    [46.5, 'failed'],
  ])('a battery of %s °C: %s', (temperature, state) => {
    expect(finding('temperature', { battery: JSON.stringify({ temperature }) }).state).toBe(state)
  })

  test('without the Termux:API app the sensors of the processor are told, as what they are', () => {
    for (const battery of [null, '', 'No such service', '{"percentage": 3}']) {
      expect(finding('temperature', { battery })).toMatchObject({
        state: 'skipped',
        detail: 'the hottest of 2 sensors has 41.2 °C',
        cure: expect.stringContaining('termux-api'),
      })
    }
    // Some tell nonsense.
    expect(finding('temperature', { battery: null, thermal: [-273_000, 0] }).detail).toBe('it cannot be read')
  })

  test('cores that may not run as fast as they could are held back', () => {
    const cores = [...WELL.cores, { now: 1_036_800, most: 2_208_000 }]
    expect(finding('throttling', { cores })).toMatchObject({
      state: 'warning',
      detail: '1 of 3 cores are held back, to 47 % at most',
    })
  })
})

test('shared storage is no place for a bus, and a wake lock that cannot be taken is no wake lock', () => {
  expect(finding('storage', { home: '/storage/emulated/0/x' }).state).toBe('failed')
  expect(finding('wake lock', { wakeLock: false })).toMatchObject({
    state: 'failed',
    cure: expect.stringContaining('termux-wake-lock'),
  })
})
