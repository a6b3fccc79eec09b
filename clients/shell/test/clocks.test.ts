import { clocksIn } from './clocks.ts'
import { shellNamed } from './shells.ts'

// Whatever sh this machine has. The heavier suite goes through all the shells.
clocksIn(shellNamed('sh', ['sh']))
