/** What the readings mean for a bus that is to run day and night, and what helps. No reading is taken here. */
import type { Finding } from '../../../clients/cli/src/doctor/finding.ts'
import type { Readings } from './readings.ts'

/** Android 12, the first that ends what an app has started. */
const COUNTS_PROCESSES = 31
/** Android 12L, from which on it can be told not to. 12 itself only lets the limit be raised. */
const HAS_SETTING = 32
/** Android 14, which has a switch for it among the developer options. */
const HAS_SWITCH = 34
/** More than these, of all apps together, and Android ends some. */
const PROCESSES = 32
/** In degrees Celsius: where a battery ages fast, and where it begins to swell. */
const WARM = 40
const HOT = 45
/** A core that may take less than this share of its frequency is held back. */
const HELD_BACK = 0.8
/** A boot script runs within this time of being switched on, in ms. */
const BOOT_WITHIN_MS = 15 * 60_000

export function phoneFindings(phone: Readings): Finding[] {
  return [
    battery(phone),
    phantomProcesses(phone),
    wakeLock(phone),
    bootApp(phone),
    storage(phone),
    temperature(phone),
    throttling(phone),
  ]
}

function battery({ whitelist }: Readings): Finding {
  const check = 'battery saver'
  const cure =
    'Settings, Apps, Termux, Battery: Unrestricted; the same for Termux:Boot. Some makers have a second list: https://dontkillmyapp.com'
  if (whitelist === null) {
    return { check, state: 'skipped', detail: 'Android does not let an app look; see for yourself', cure }
  }
  if (/(^|,)com\.termux(,|$)/m.test(whitelist))
    return { check, state: 'ok', detail: 'Termux is left alone by it' }
  return { check, state: 'failed', detail: 'Android will stop Termux to save the battery', cure }
}

function phantomProcesses(phone: Readings): Finding {
  const { api, processes } = phone
  const check = 'child processes'
  const count = processes === null ? '' : `; ${processes} run now`
  if (api !== null && api < COUNTS_PROCESSES) {
    return { check, state: 'ok', detail: `Android ${androidOf(api)} does not end them` }
  }
  const isLeftAlone = api !== null && api < HAS_SETTING ? hasHighLimit(phone) : isUncounted(phone)
  if (isLeftAlone === true) return { check, state: 'ok', detail: `Android leaves them alone${count}` }
  const cure = cureOfCounting(api)
  const detail = `Android ends some when all apps have more than ${PROCESSES}, or one works hard${count}`
  if (isLeftAlone === null) {
    const unseen = `${detail}. Whether that is off, Android does not let an app see`
    return { check, state: 'skipped', detail: api === null ? `${unseen} (from Android 12 on)` : unseen, cure }
  }
  return { check, state: 'warning', detail, cure }
}

/** The setting comes before the switch, as in Android's FeatureFlagUtils. @returns `null` when neither can be read */
function isUncounted({ phantomSetting, phantomMonitor }: Readings): boolean | null {
  if (phantomSetting !== null && phantomSetting !== 'null') return phantomSetting === 'false'
  if (phantomMonitor !== null) return phantomMonitor === 'false'
  return phantomSetting === null ? null : false
}

/** @returns `null` when it cannot be read */
function hasHighLimit({ phantomLimit }: Readings): boolean | null {
  return phantomLimit === null ? null : Number(phantomLimit) > PROCESSES
}

function cureOfCounting(api: number | null): string {
  const how = '(adb from a computer, or from this phone: docs/phone.md)'
  if (api !== null && api < HAS_SETTING) {
    return `adb shell device_config set_sync_disabled_for_tests persistent, then adb shell device_config put activity_manager max_phantom_processes 2147483647 ${how}`
  }
  const setting = `adb shell settings put global settings_enable_monitor_phantom_procs false ${how}`
  if (api === null || api < HAS_SWITCH) return setting
  return `Developer options, Disable child process restrictions: on, and leave the developer options on. Or ${setting}`
}

/** Of an API level: 29 is Android 10, 32 is 12L. */
function androidOf(api: number): string {
  if (api === 32) return '12L'
  if (api >= 33) return `${api - 20}`
  return ['8', '8.1', '9', '10', '11', '12'][api - 26] ?? `with API ${api}`
}

function wakeLock({ wakeLock: taken }: Readings): Finding {
  const check = 'wake lock'
  if (taken) return { check, state: 'ok', detail: 'taken: the processor runs on while the screen is off' }
  const cure = 'termux-wake-lock. Is it missing: pkg install termux-tools'
  return { check, state: 'failed', detail: 'it cannot be taken', cure }
}

function bootApp({ bootApp: path, bootScriptRan, hasBootScript, switchedOn }: Readings): Finding {
  const check = 'boot'
  const mend = 'Run bootstrap.sh again: it puts the script back.'
  if (!hasBootScript) return { check, state: 'failed', detail: 'there is no boot script', cure: mend }
  const install =
    'Install Termux:Boot from where Termux came from, open it once, and see that the battery saver leaves it alone.'
  if (bootScriptRan === null) {
    const detail =
      path?.startsWith('package:') === true
        ? 'Termux:Boot is there, and has started nothing yet'
        : 'Termux:Boot was not seen, and has started nothing yet'
    return { check, state: 'warning', detail, cure: `${install} Then reboot, and look again.` }
  }
  const ran = new Date(bootScriptRan).toISOString().slice(0, 16).replace('T', ' ')
  if (switchedOn === null) return { check, state: 'ok', detail: `it started the bus last on ${ran} UTC` }
  if (Math.abs(bootScriptRan - switchedOn) <= BOOT_WITHIN_MS) {
    return {
      check,
      state: 'ok',
      detail: `it started the bus when the phone was switched on last, ${ran} UTC`,
    }
  }
  const detail = `when the phone was switched on last, it did not start the bus; it did on ${ran} UTC`
  return { check, state: 'failed', detail, cure: install }
}

function storage({ home }: Readings): Finding {
  const check = 'storage'
  if (home.startsWith('/data/')) return { check, state: 'ok', detail: "in Termux' own folders" }
  const cure =
    'Use the $HOME that Termux starts with: shared storage has no permissions, no locks and runs no program.'
  return { check, state: 'failed', detail: `the bus is in ${home}`, cure }
}

function temperature({ battery: said, thermal }: Readings): Finding {
  const check = 'temperature'
  const degrees = celsius(said)
  if (degrees === null) {
    // Sensors of the processor run hotter, and nobody knows which is which.
    const likely = thermal.map(each => each / 1000).filter(each => each > 0 && each < 120)
    const detail =
      likely.length === 0
        ? 'it cannot be read'
        : `the hottest of ${likely.length} sensors has ${Math.max(...likely)} °C`
    const cure = 'For that of the battery: pkg install termux-api, and the Termux:API app.'
    return { check, state: 'skipped', detail, cure }
  }
  const detail = `the battery has ${degrees} °C`
  if (degrees < WARM) return { check, state: 'ok', detail }
  const cure =
    'Take it out of its case and out of the sun, stand it up, and charge it slowly: to 80 % if it can be told to, or by a weak charger.'
  return { check, state: degrees < HOT ? 'warning' : 'failed', detail, cure }
}

/** @returns `null` when that is no answer of `termux-battery-status` */
function celsius(said: string | null): number | null {
  try {
    const { temperature: read } = JSON.parse(said ?? '') as { temperature?: unknown }
    return typeof read === 'number' ? Math.round(read * 10) / 10 : null
  } catch {
    return null
  }
}

function throttling({ cores }: Readings): Finding {
  const check = 'throttling'
  if (cores.length === 0) return { check, state: 'skipped', detail: 'the frequencies cannot be read' }
  const held = cores.filter(({ now, most }) => now < HELD_BACK * most)
  if (held.length === 0) return { check, state: 'ok', detail: `none of ${cores.length} cores is held back` }
  const lowest = Math.min(...held.map(({ now, most }) => Math.round((100 * now) / most)))
  const detail = `${held.length} of ${cores.length} cores are held back, to ${lowest} % at most`
  const cure =
    'It is hot, or saves its battery: let it cool, and switch the battery saver off while it charges.'
  return { check, state: 'warning', detail, cure }
}
