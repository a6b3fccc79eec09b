import type { Result } from './session.ts'

export function reportOf({ requests, statuses, slowest, findings, found, health, memory }: Result): string {
  const counted = [...statuses]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([status, count]) => `${status}: ${count}`)
  return [
    '',
    `${requests} requests; ${counted.join(', ')}`,
    `GET /health took ${health.longestMs.toFixed(0)} ms at most, of ${health.asked} times (of the clock's time: other work counts)`,
    ...memory.map(
      ({ minute, residentMib, heapMib, externalMib }) =>
        `in minute ${minute}, empty: ${residentMib.toFixed(1)} MiB resident (main thread: heap ${heapMib.toFixed(1)}, external ${externalMib.toFixed(1)})`,
    ),
    '',
    'The longest turns of the main thread, in ms of CPU time (longest, all of the request):',
    ...slowest.map(
      ({ route, bytes, kind, longestMs, tookMs }) =>
        `${longestMs.toFixed(1).padStart(8)} ${tookMs.toFixed(1).padStart(9)}  ${route}, ${bytes} bytes: ${kind || 'nothing odd'}`,
    ),
    '',
    found === 0 ? 'Nothing was found.' : `${found} findings:`,
    ...findings.map(({ what, file }) => `- ${what}${file === null ? '' : `\n  --replay ${file}`}`),
  ].join('\n')
}
