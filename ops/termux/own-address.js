/**
 * The address that this phone has in its network. Android does not let an app list its interfaces (Node's
 * `networkInterfaces()` throws from Android 13 on), but a socket that is meant for elsewhere knows from where it would go.
 * Nothing is sent.
 */
import { createSocket } from 'node:dgram'

const socket = createSocket('udp4')
socket.on('error', () => print('127.0.0.1'))
// An address of documentation: whatever the network is, it is not in it.
socket.connect(9, '192.0.2.1', () => print(socket.address().address))

function print(address) {
  process.stdout.write(`${address}\n`)
  socket.close()
}
