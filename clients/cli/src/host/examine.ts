/** `doctor --server`: one look after the other at the machine a bus runs on, or is to run on. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../doctor/finding.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { clockFindings } from './clock.ts'
import { databaseIn } from './database.ts'
import { fileSystemFinding, roomFinding, syncFinding } from './disk.ts'
import { type Host, hostOf } from './host.ts'
import { memoryFinding, openFilesFinding } from './limits.ts'
import { exposureFinding, portFinding } from './network.ts'
import { keyFileFindings, permissionFindings } from './permissions.ts'
import { proxyFinding } from './proxy.ts'
import { nodeFinding, sqliteFinding } from './runtime.ts'
import { secretsFindings } from './secrets.ts'

export async function examineHost(data: string | undefined): Promise<Finding[]> {
  let host: Host
  try {
    host = await hostOf(process.env, data)
  } catch (error) {
    if (error instanceof Failure) throw error
    const cure = 'Correct that variable: docs/configuration.md.'
    return [{ check: 'settings', state: 'failed', detail: (error as Error).message, cure, exit: EXIT.usage }]
  }
  const { warnings } = host.config
  const findings: Finding[] = [
    {
      check: 'settings',
      state: 'ok',
      detail: `${host.dataDir}, as this shell has it; port ${host.port ?? 'any'}, ${portOrigin(host)}`,
    },
    ...warnings.map(
      (detail): Finding => ({ check: 'settings', state: 'warning', detail, cure: 'docs/configuration.md' }),
    ),
    nodeFinding(process.versions.node, process.arch),
    await sqliteFinding(),
    ...(await secretsFindings(host)),
  ]
  const port = await portFinding(host)
  if (existsSync(host.dataDir)) {
    // Before the database is opened: whoever opens it may make files beside it.
    const permissions = permissionFindings(host)
    const database = await databaseIn(host)
    findings.push(
      fileSystemFinding(host),
      await syncFinding(host.dataDir),
      roomFinding(host),
      ...permissions,
      ...keyFileFindings(host, database.issuedKeys),
      ...database.findings,
      ...clockFindings(database.lastSeen, port.busTime),
    )
  } else {
    const cure = 'Start the bus here once, or name the place: --data DIR'
    findings.push({ check: 'data', state: 'warning', detail: `${host.dataDir} is not there`, cure })
    findings.push(...clockFindings(null, port.busTime))
  }
  findings.push(port.finding, exposureFinding(host), await proxyFinding(host, port.isBus))
  findings.push(openFilesFinding(host), memoryFinding(process.constrainedMemory()))
  return findings
}

function portOrigin({ portFrom, dataDir }: Host): string {
  if (portFrom === 'bus.url') return `as ${join(dataDir, 'bus.url')} has it`
  return portFrom === 'this shell' ? 'as PORT says' : 'the default'
}
