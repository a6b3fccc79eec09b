import { roomsIn } from './rooms.ts'
import { shellNamed } from './shells.ts'

// Whatever sh this machine has. The heavier suite goes through all the shells.
roomsIn(shellNamed('sh', ['sh']))
