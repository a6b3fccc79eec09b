import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'

/**
 * From Android 13 on an app may not list the interfaces of its phone, and Node's `networkInterfaces()` throws. Fastify calls it
 * once it listens on all of them, only to log it, and the bus would end there. Then there are none to be told of.
 */
export function withoutInterfacesWhereForbidden(): void {
  try {
    os.networkInterfaces()
  } catch {
    os.networkInterfaces = () => ({})
    syncBuiltinESMExports()
  }
}
