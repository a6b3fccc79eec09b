/** What the phone tells an app about itself. Much of it may be forbidden, which is no fault: then it is `null`. */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export type Readings = {
  /** Android's API level: 31 is Android 12. */
  api: number | null
  /** What `pm path com.termux.boot` says: `package:…` when Termux:Boot is there. */
  bootApp: string | null
  /** When the boot script ran last, in ms; `null`: never. */
  bootScriptRan: number | null
  hasBootScript: boolean
  /** When the phone was switched on, in ms. */
  switchedOn: number | null
  /** `dumpsys deviceidle whitelist`, which takes a permission that a computer may grant. */
  whitelist: string | null
  /** Whether Android counts child processes, by the switch among the developer options of 14 and newer: `false`, or nothing. */
  phantomMonitor: string | null
  /** The same by the global setting of 12L and newer, which comes before the switch: `null` as a text is none. `null`: an app may not look. */
  phantomSetting: string | null
  /** How many child processes Android 12 leaves alone: `null` as a text is its own choice. `null`: an app may not look. */
  phantomLimit: string | null
  /** Processes of the app. */
  processes: number | null
  /** Whether Termux said that it took the wake lock. */
  wakeLock: boolean
  home: string
  /** `termux-battery-status`, of the Termux:API app: JSON. */
  battery: string | null
  /** Of each core: the highest frequency that it may take now, and the highest that it has, in kHz. */
  cores: { now: number; most: number }[]
  /** Of the sensors that can be read, in thousandths of a degree Celsius. */
  thermal: number[]
}

export function readPhone(home: string, prefix: string): Readings {
  const script = join(home, '.termux/boot/intent-bus')
  return {
    api: number(output('getprop', 'ro.build.version.sdk')),
    bootApp: output('pm', 'path', 'com.termux.boot'),
    bootScriptRan: statSync(join(home, 'intent-bus/last-boot'), { throwIfNoEntry: false })?.mtimeMs ?? null,
    hasBootScript: existsSync(script),
    switchedOn: switchedOn(),
    whitelist: output('dumpsys', 'deviceidle', 'whitelist'),
    phantomMonitor: output('getprop', 'persist.sys.fflag.override.settings_enable_monitor_phantom_procs'),
    phantomSetting: output('settings', 'get', 'global', 'settings_enable_monitor_phantom_procs'),
    phantomLimit: output('device_config', 'get', 'activity_manager', 'max_phantom_processes'),
    processes: countProcesses(),
    wakeLock: takesWakeLock(prefix),
    home,
    battery: output('termux-battery-status'),
    cores: globSync('/sys/devices/system/cpu/cpu[0-9]*/cpufreq').flatMap(folder => {
      const now = number(text(join(folder, 'scaling_max_freq')))
      const most = number(text(join(folder, 'cpuinfo_max_freq')))
      return now === null || most === null ? [] : [{ now, most }]
    }),
    thermal: globSync('/sys/class/thermal/thermal_zone*/temp')
      .map(path => number(text(path)))
      .filter(each => each !== null),
  }
}

/** Commands of Termux:API wait for ever where the app is missing. */
function output(command: string, ...args: string[]): string | null {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 5000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 && stdout.trim() !== '' ? stdout.trim() : null
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

const number = (said: string | null): number | null =>
  said === null || !/^-?\d+$/.test(said) ? null : Number(said)

/** Android shows an app neither `/proc/uptime` nor `/proc/stat` in each version. */
function switchedOn(): number | null {
  const up = /^[\d.]+/.exec(text('/proc/uptime') ?? '')?.[0]
  return up === undefined ? null : Date.now() - Number(up) * 1000
}

/** Of others an app sees nothing. */
function countProcesses(): number | null {
  const uid = process.getuid?.()
  const folders = globSync('/proc/[0-9]*')
  if (folders.length === 0) return null
  return folders.filter(path => statSync(path, { throwIfNoEntry: false })?.uid === uid).length
}

/** It cannot be asked whether it is held; to take it once more changes nothing. */
function takesWakeLock(prefix: string): boolean {
  return spawnSync(join(prefix, 'bin/termux-wake-lock'), [], { timeout: 5000, stdio: 'ignore' }).status === 0
}
