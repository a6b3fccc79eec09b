/** Termux's Node says `android`, and since Android 13 an app may not list the interfaces. */
Object.defineProperty(process, 'platform', { value: 'android' })
require('node:os').networkInterfaces = () => {
  throw new Error('uv_interface_addresses returned Unknown system error 13')
}
require('node:module').syncBuiltinESMExports()
